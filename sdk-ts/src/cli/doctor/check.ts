/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** "warning": it works, and somebody should look at it. */
  readonly status: "ok" | "warning" | "wrong";
  /** What was found. */
  readonly found: string;
  /** How to mend it; absent when all is well. */
  readonly mend?: string;
}

export function ok(name: string, found: string): Check {
  return { name, status: "ok", found };
}

export function warning(name: string, found: string, mend: string): Check {
  return { name, status: "warning", found, mend };
}

export function wrong(name: string, found: string, mend: string): Check {
  return { name, status: "wrong", found, mend };
}
