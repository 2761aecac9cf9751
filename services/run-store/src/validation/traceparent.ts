const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_LENGTH = 512;

/**
 * The caller's trace context, or "" when there is none: a malformed header is ignored and never an error, because tracing must not decide whether a task runs
 * (W3C Trace Context, section 3.2). A header of a later version is read as far as version 00 goes and given on as version 00.
 */
export function parseTraceparent(header: string): string {
  if (header === "" || header.length > MAX_LENGTH) return "";
  const match = TRACEPARENT.exec(header);
  if (match === null) return "";
  const [, version, traceId = "", spanId = "", flags = "", rest] = match;
  if (version === "ff" || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return "";
  if (version === "00") return rest === undefined ? header : "";
  return `00-${traceId}-${spanId}-${(Number.parseInt(flags, 16) & 1).toString().padStart(2, "0")}`;
}
