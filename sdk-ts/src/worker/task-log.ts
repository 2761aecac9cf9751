import { LogLevel } from "@windlass/proto";
import { cutText } from "../content/cut-text.ts";
import { safeJson } from "../content/safe-json.ts";
import type { LogLevelName } from "../task/active-attempt.ts";
import type { Outbox } from "./outbox.ts";
import { timestampFromMs } from "./protocol-time.ts";

const MAX_MESSAGE_BYTES = 32 * 1024;
const MAX_ATTRIBUTES_BYTES = 32 * 1024;

const LEVELS = {
  trace: LogLevel.TRACE,
  debug: LogLevel.DEBUG,
  info: LogLevel.INFO,
  warn: LogLevel.WARN,
  error: LogLevel.ERROR,
} as const;

/** Sends a line that the task wrote to its run's timeline. */
export function sendLog(outbox: Outbox, level: LogLevelName, text: string, attributes: unknown): void {
  const message = cutText(text, MAX_MESSAGE_BYTES);
  const attributesJson = attributes === undefined ? "" : safeJson(attributes, MAX_ATTRIBUTES_BYTES);
  outbox.pushLog(
    {
      case: "log",
      value: { time: timestampFromMs(Date.now()), record: { level: LEVELS[level], message, attributesJson } },
    },
    3 * (message.length + attributesJson.length),
  );
}
