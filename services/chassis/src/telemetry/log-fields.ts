const maxCauses = 5;
const maxMessageChars = 2_000;
const maxStackChars = 8_000;

/** One JSON object on one line, whatever the fields hold: a cycle or a throwing getter costs the fields, never the line. */
export function logFieldsToJson(fields: Record<string, unknown>): string {
  try {
    return JSON.stringify(fields, replaceValue);
  } catch (error) {
    const { time, level, service, msg } = fields;
    return JSON.stringify({ time, level, service, msg, unloggable: String(error) });
  }
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return errorToFields(value, maxCauses);
  return value;
}

function errorToFields(error: Error, causesLeft: number): Record<string, unknown> {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  const message = messageOf(error);
  return {
    name: error.name,
    message: message.slice(0, maxMessageChars),
    code,
    reason,
    stack: error.stack?.replace(error.message, message).slice(0, maxStackChars),
    cause: causesLeft > 0 ? causeToField(error.cause, causesLeft - 1) : undefined,
    errors: error instanceof AggregateError ? error.errors.slice(0, maxCauses) : undefined,
  };
}

/** Drizzle quotes a query's parameters in its messages: payloads and keys have no place in a log. */
function messageOf(error: Error): string {
  return "query" in error && "params" in error ? `Failed query: ${String(error.query)}` : error.message;
}

function causeToField(cause: unknown, causesLeft: number): unknown {
  return cause instanceof Error ? errorToFields(cause, causesLeft) : cause;
}
