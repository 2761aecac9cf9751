import { CommanderError } from "commander";
import { BuildError } from "../build/build-error.ts";
import { ImportError } from "../build/import-error.ts";
import { WindlassError, type WindlassErrorReason } from "../client/windlass-error.ts";
import { plainText } from "./format/plain-text.ts";
import { UsageError } from "./usage-error.ts";

/** Why a command failed: as a program reads it, and as people do. */
export interface Failure {
  /** A reason of the cluster's or the client's (see WindlassError), USAGE, BUILD_FAILED, TASK_IMPORT_ERROR, or DEFECT. */
  readonly reason: string;
  readonly message: string;
  readonly hint?: string;
  /** For FIELD_INVALID, each wrong field. */
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
}

/** What the client's hints say, in the words of a command line. */
const HINTS: Partial<Record<WindlassErrorReason, string>> = {
  NOT_CONFIGURED: "Give --url and --api-key, or set WINDLASS_URL and WINDLASS_API_KEY.",
  API_KEY_INVALID: "Check --api-key, or WINDLASS_API_KEY.",
  NOT_READY: 'Check --url, or WINDLASS_URL, and that the cluster runs; "windlass doctor" tells more.',
  CALL_ENDED: '"windlass doctor" tells whether the cluster can be reached; --timeout gives it more time.',
  OVERLOADED: "Try again later.",
};

/** A failure in words, a line each. */
export function failureLines({ message, hint, violations = [] }: Failure): string[] {
  const lines = [`error: ${plainText(message)}`];
  if (violations.length > 1) {
    lines.push(...violations.map(({ field, description }) => `  ${plainText(`${field} ${description}`)}`));
  }
  return hint === undefined ? lines : [...lines, hint];
}

/** What a command threw, described. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) return { reason: "USAGE", message: error.message.replace(/^error: /, "") };
  if (error instanceof UsageError) return { reason: "USAGE", message: error.message };
  if (error instanceof ImportError) return { reason: "TASK_IMPORT_ERROR", message: error.message };
  if (error instanceof BuildError) return { reason: "BUILD_FAILED", message: error.message };
  if (error instanceof WindlassError) {
    const { reason, message, violations } = error;
    const bare = error.hint === undefined ? message : message.replace(error.hint, "").trim();
    const hint = HINTS[reason] ?? error.hint;
    return {
      reason,
      message: bare,
      ...(hint !== undefined && { hint }),
      ...(violations.length > 0 && { violations }),
    };
  }
  return { reason: "DEFECT", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
