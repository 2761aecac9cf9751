import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type HookResult,
  LogLevel,
  type LogRecord,
  type RunError,
  RunErrorCode,
  RunErrorSchema,
} from "@windlass/proto";

/**
 * What one attempt may make the rest of the cluster hold (I10). An honest SDK keeps to most of this by itself; what comes
 * over a session is checked all the same, because the process at the other end ran code nobody has read.
 */
export const attemptLimits = {
  outputBytes: 10 * 1024 * 1024,
  hookResults: 500,
  /** Of all hook errors together; beyond it an error is cut to its name and message. */
  hookErrorBytes: 1024 * 1024,
  /** Log records: so many at once, so many a second after that, and so many in all. The same of their bytes. */
  logRecords: 10_000,
  logRecordsPerSecond: 50,
  logRecordsInAll: 50_000,
  logBytes: 8 * 1024 * 1024,
  logBytesPerSecond: 32 * 1024,
  logBytesInAll: 32 * 1024 * 1024,
  /** Of what the process wrote to stdout and stderr; the last bytes are kept. */
  processOutputBytes: 64 * 1024,
  metadataBytes: 256 * 1024,
  tagsInUpdate: 10,
  tagChars: 128,
  runsInWait: 1_000,
  idChars: 128,
} as const;

const nameChars = 256;
const messageChars = 1_000;
const errorBytes = 64 * 1024;
const logMessageChars = 32 * 1024;
const logAttributesChars = 32 * 1024;

/** Cuts an error to what may be stored: at most 64 KB, five causes, no causes of causes. */
export function boundRunError(error: RunError): RunError {
  if (runErrorBytes(error) <= errorBytes && error.causes.length <= 5) return error;
  const stack = cut(error.stack, errorBytes / 8);
  const causes = error.causes.slice(0, 5).map(withoutDetail);
  return { ...withoutDetail(error), stack, causes };
}

/** Name, message and hint of an error. */
export function withoutDetail(error: RunError): RunError {
  return create(RunErrorSchema, {
    code: error.code,
    name: cut(error.name, nameChars),
    message: cut(error.message, messageChars),
    hint: cut(error.hint, messageChars),
  });
}

/** An upper estimate of an error's encoded size, without encoding it: UTF-8 takes at most three bytes a UTF-16 unit. */
export function runErrorBytes(error: RunError): number {
  let chars = error.name.length + error.message.length + error.stack.length;
  chars += error.fieldsJson.length + error.hint.length + 16;
  for (const cause of error.causes) chars += runErrorBytes(cause) / 3;
  return chars * 3;
}

/** Cuts a hook's names. */
export function boundHookNames(result: HookResult): HookResult {
  if (result.hook.length <= nameChars && result.name.length <= nameChars) return result;
  return { ...result, hook: cut(result.hook, nameChars), name: cut(result.name, nameChars) };
}

/** Cuts a log record and makes it the attempt's. Attributes that are too large are left out: half a JSON object is none. */
export function boundLogRecord(record: LogRecord, attemptNumber: number): LogRecord {
  record.attemptNumber = attemptNumber;
  record.message = cut(record.message, logMessageChars);
  if (record.attributesJson.length > logAttributesChars) record.attributesJson = "";
  if (!isLogLevel(record.level)) record.level = LogLevel.INFO;
  return record;
}

/** The end of a process's output that is kept, as UTF-8, and how many bytes of it are not. */
export function boundOutput(output: string): { readonly output: string; readonly omittedBytes: number } {
  const { processOutputBytes } = attemptLimits;
  if (output.length * 3 <= processOutputBytes) return { output, omittedBytes: 0 };
  const bytes = Buffer.from(output);
  let start = Math.max(0, bytes.byteLength - processOutputBytes);
  // Not from the midst of a character.
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return { output: start === 0 ? output : bytes.toString("utf8", start), omittedBytes: start };
}

function isLogLevel(level: LogLevel): boolean {
  return Number(level) >= LogLevel.TRACE && Number(level) <= LogLevel.ERROR;
}

/** The codes a worker may give an error; the others are for its supervisor to say. */
export function boundFailureCode(code: RunErrorCode): RunErrorCode {
  switch (code) {
    case RunErrorCode.TASK_ERROR:
    case RunErrorCode.TASK_ABORTED:
    case RunErrorCode.TASK_INPUT_ERROR:
    case RunErrorCode.TASK_OUTPUT_ERROR:
    case RunErrorCode.UNCAUGHT_EXCEPTION:
    case RunErrorCode.TASK_IMPORT_ERROR:
    case RunErrorCode.CANCELED:
    case RunErrorCode.HANDLE_ERROR_ERROR:
    case RunErrorCode.MIDDLEWARE_NEXT_NOT_CALLED:
    case RunErrorCode.MAX_DURATION_EXCEEDED:
      return code;
    default:
      return RunErrorCode.TASK_ERROR;
  }
}

/**
 * A worker's moment, or the nearest one that can be true: it has the supervisor's own clock, so nothing it tells of happened
 * before its attempt was handed over or after now. One second is allowed for a clock that is being set.
 */
export function boundTime(time: Timestamp | undefined, fromMs: number, nowMs: number): Timestamp {
  if (time === undefined) return timestampFromMs(nowMs);
  const ms = Number(time.seconds) * 1_000 + time.nanos / 1e6;
  if (time.nanos < 0 || time.nanos > 999_999_999 || ms > nowMs + 1_000) return timestampFromMs(nowMs);
  return ms < fromMs - 1_000 ? timestampFromMs(fromMs) : time;
}

/** The first characters; a surrogate pair that is cut through becomes U+FFFD. */
function cut(text: string, chars: number): string {
  return text.length <= chars ? text : text.slice(0, chars).toWellFormed();
}
