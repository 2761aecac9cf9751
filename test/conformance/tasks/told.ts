/** What a hook received, as JSON can carry it: a context by its run's id, an error by its text, a function or a promise by its kind. */
export function told(received: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(received).map(([name, value]) => [name, describe(name, value)]));
}

function describe(name: string, value: unknown): unknown {
  if (name === "ctx") return (value as { run: { id: string } }).run.id;
  if (name === "result") return told(value as object);
  if (value instanceof AbortSignal) return value.aborted ? "aborted signal" : "signal";
  if (value instanceof Error) return String(value);
  if (value instanceof Promise) return "promise";
  if (value instanceof Date) return "date";
  return typeof value === "function" ? "function" : value;
}
