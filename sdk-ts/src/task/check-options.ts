/** Throws a TypeError for a key that nothing would look at: an option is never ignored. */
export function refuseUnknownKeys(what: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`"${unknown}" is not an option of the ${what}; the options are ${known.join(", ")}`);
  }
}

/** The fields that are not undefined, so that a default is not replaced by nothing. */
export function definedFields<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A wrong value, for a message. */
export function describeValue(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return value === null ? "null" : typeof value;
  return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
}
