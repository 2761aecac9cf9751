import type { WorkerMessage } from "@windlass/proto";
import { attemptLimits } from "./worker-limits.ts";

/** What the rules need to know of the attempt a worker has. */
export interface JudgedAttempt {
  readonly runId: string;
  readonly attemptNumber: number;
  readonly hasStarted: boolean;
  readonly isCancelDelivered: boolean;
  readonly isCancelAcknowledged: boolean;
  readonly hookCount: number;
}

/** Where a session stands. */
export interface SessionState {
  /** Whether Hello has been accepted. */
  readonly isGreeted: boolean;
  /** Whether the token of this session's Hello is that of a worker that is awaited. */
  readonly isTokenKnown: boolean;
  readonly attempt: JudgedAttempt | undefined;
  /** The Ping that is not yet answered. */
  readonly pingId: bigint | undefined;
}

/**
 * "accept": act on it. "drop": harmless and late, forget it. A violation ends the worker; it completes the sentence
 * "the worker broke the protocol: ...".
 */
export type Verdict = "accept" | "drop" | { readonly violation: string };

/** The version of windlass.worker.v1 that this supervisor speaks. */
const protocolVersion = 1;

/** Decides about one message of a worker; the only place that says what a worker may say when (windlass.worker.v1). */
export function judgeMessage(state: SessionState, message: WorkerMessage): Verdict {
  const { body } = message;
  if (body.case === undefined) return violation("it sent an empty or unknown message");
  if (!state.isGreeted) {
    if (body.case !== "hello") return violation(`it said ${body.case} before hello`);
    if (!state.isTokenKnown) return violation("no worker with its token is awaited");
    if (body.value.protocolVersion === protocolVersion) return "accept";
    return violation(`it speaks version ${body.value.protocolVersion} of the protocol, not ${protocolVersion}`);
  }
  const { attempt } = state;
  switch (body.case) {
    case "hello":
      return violation("it said hello twice");
    case "pong":
      return body.value.id === state.pingId ? "accept" : violation("it answered a ping that was not asked");
    case "log":
      // A timer or promise that a finished task left behind may still write; its line belongs to no attempt.
      return attempt === undefined || body.value.record === undefined ? "drop" : "accept";
    case "hookResult":
      if (attempt === undefined) return violation("it reported a hook while it had no attempt");
      if (body.value.attemptNumber !== attempt.attemptNumber) return violation("it reported a hook of another attempt");
      if (attempt.hookCount < attemptLimits.hookResults) return "accept";
      return violation(`it reported more than ${attemptLimits.hookResults} hook results in one attempt`);
    default:
  }
  if (attempt === undefined) return violation(`it said ${body.case} while it had no attempt`);
  if (body.value.runId !== attempt.runId) return violation(`it said ${body.case} of another run`);
  switch (body.case) {
    case "started":
      return attempt.hasStarted ? violation("it said started twice") : "accept";
    case "cancelAck":
      if (!attempt.isCancelDelivered) return violation("it acknowledged a cancel that was not asked");
      return attempt.isCancelAcknowledged ? "drop" : "accept";
    case "attemptFinished": {
      const { result } = body.value;
      if (result.case === undefined) return violation("it ended an attempt with neither output nor failure");
      if (result.case === "failure") {
        return result.value.error === undefined ? violation("it reported a failure without an error") : "accept";
      }
      if (result.value.data.byteLength <= attemptLimits.outputBytes) return "accept";
      return violation("its output was larger than 10 MB");
    }
  }
}

function violation(sentence: string): Verdict {
  return { violation: sentence };
}
