/** A value that cannot be encoded, and where in the whole it is. */
export class UnencodableError extends Error {
  override readonly name: string = "UnencodableError";
  /** For example "output.items[3].callback". */
  readonly path: string;
  /** For example "is a function, which cannot leave its process". */
  readonly problem: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path} ${problem}`, options);
    this.path = path;
    this.problem = problem;
  }
}

/**
 * Finds the first value that JSON would refuse, or drop without a word. Fields that are undefined are fine: JSON leaves them out.
 * What has a toJSON method (Date, URL) is left to it.
 */
export function findUnencodable(what: string, root: unknown): UnencodableError | undefined {
  if (isPlain(root)) return undefined;
  const path: (string | number)[] = [];
  const ancestors = new Set<object>();
  const problem = visit(root);
  return problem === undefined ? undefined : new UnencodableError(what + path.map(pathStep).join(""), problem);

  /** Says what is wrong; `path` then leads to it. */
  function visit(value: unknown): string | undefined {
    if (isPlain(value)) return undefined;
    const problem = problemOf(value);
    if (problem !== undefined) return problem;
    const parent = value as object;
    if (ancestors.has(parent)) return "contains itself";
    if (path.length >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    if ("toJSON" in parent && typeof parent.toJSON === "function") return undefined;
    ancestors.add(parent);
    const problemInside = Array.isArray(parent) ? visitItems(parent) : visitFields(parent as Record<string, unknown>);
    ancestors.delete(parent);
    return problemInside;
  }

  function visitItems(items: readonly unknown[]): string | undefined {
    for (let index = 0; index < items.length; index++) {
      path.push(index);
      const problem = visit(items[index]);
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  }

  function visitFields(fields: Readonly<Record<string, unknown>>): string | undefined {
    for (const key of Object.keys(fields)) {
      path.push(key);
      const problem = visit(fields[key]);
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  }
}

/** Deeper values would overflow the stack of whoever reads them. */
const MAX_DEPTH = 1_000;

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "undefined":
      return true;
    default:
      return value === null;
  }
}

function problemOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "bigint":
      return "is a BigInt, which JSON cannot carry";
    case "function":
      return "is a function, which cannot leave its process";
    case "symbol":
      return "is a symbol, which cannot leave its process";
    default:
  }
  if (value instanceof Promise) return "is a promise: it was not awaited";
  if (value instanceof Map) return "is a Map, which JSON cannot carry";
  if (value instanceof Set) return "is a Set, which JSON cannot carry";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "is binary data, which JSON cannot carry";
  return undefined;
}

function pathStep(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 64))}]`;
}
