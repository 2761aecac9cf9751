import { BuildError } from "../build/build-error.ts";
import { WindlassError, type WindlassErrorReason } from "../client/windlass-error.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line's exit code says. Documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The run, or the operation, ended badly. */
  endedBadly: 1,
  /** The request itself was wrong: usage, payload, a field, a run that does not exist, a key that is not valid. */
  wrongRequest: 2,
  /** The cluster cannot be reached, or did not answer in time. */
  unreachable: 3,
  /** Ctrl-C, SIGTERM or SIGHUP ended the command early. */
  interrupted: 130,
  /** Whoever read the output went away. */
  brokenPipe: 141,
} as const;

const UNREACHABLE: ReadonlySet<WindlassErrorReason> = new Set(["NOT_READY", "CALL_ENDED"]);
/** The cluster's fault, or its load: the same request can succeed. */
const ENDED_BADLY: ReadonlySet<WindlassErrorReason> = new Set([
  "DEPLOYMENT_NOT_CURRENT",
  "INTERNAL",
  "OVERLOADED",
  "QUEUE_FULL",
  "UNSPECIFIED",
]);

/** The exit code for a command that threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.wrongRequest;
  if (error instanceof BuildError) return EXIT.endedBadly;
  if (!(error instanceof WindlassError)) return EXIT.endedBadly;
  if (UNREACHABLE.has(error.reason)) return EXIT.unreachable;
  return ENDED_BADLY.has(error.reason) ? EXIT.endedBadly : EXIT.wrongRequest;
}
