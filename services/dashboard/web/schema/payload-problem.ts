/** Something about a payload that its schema does not allow. */
export interface PayloadProblem {
  /** From the payload inwards: names of fields, and places in arrays from 0. Empty for the payload as a whole. */
  readonly path: readonly (string | number)[];
  /** What follows the path in a sentence: "must be string, and is number". */
  readonly message: string;
}

/** "user.emails[1]"; "payload" for the whole of it. */
export function pathText(path: PayloadProblem["path"]): string {
  if (path.length === 0) return "payload";
  return path
    .map((key, place) => {
      if (typeof key === "number") return `[${key}]`;
      if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)) return `[${JSON.stringify(key)}]`;
      return place === 0 ? key : `.${key}`;
    })
    .join("");
}
