const maxCauses = 5;

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
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    stack: error.stack,
    ...(error.cause !== undefined && causesLeft > 0 && { cause: causeToField(error.cause, causesLeft - 1) }),
    ...(error instanceof AggregateError && { errors: error.errors.slice(0, maxCauses) }),
  };
}

function causeToField(cause: unknown, causesLeft: number): unknown {
  return cause instanceof Error ? errorToFields(cause, causesLeft) : cause;
}
