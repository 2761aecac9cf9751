/**
 * A value as one line of JSON. What a task's payload or output may hold beyond JSON is written in the nearest form: BigInt as a string of digits, Map as an
 * array of pairs, Set as an array, RegExp as its source, Error as name and message; undefined at the top is null.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, asJson) ?? "null";
}

function asJson(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map || value instanceof Set) return [...value];
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
