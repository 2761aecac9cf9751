import type { RunUpdate, Wait, WorkerMessage } from "@windlass/proto";
import { attemptLimits } from "./worker-limits.ts";

/** What the rules need to know of the attempt a worker has. */
export interface JudgedAttempt {
  readonly runId: string;
  readonly attemptNumber: number;
  readonly hasStarted: boolean;
  readonly isCancelDelivered: boolean;
  readonly isCancelAcknowledged: boolean;
  /** It has said that it waits, and has been told neither to go on nor to end. */
  readonly isSuspended: boolean;
  readonly hookCount: number;
  /** Its last log record was one too many. */
  readonly isFlooding: boolean;
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
    case "suspend":
      // It has crossed the cancel on its way: there is nothing to wait for any more.
      if (attempt.isCancelDelivered) return "drop";
      if (!attempt.hasStarted) return violation("it suspended an attempt that has not started");
      if (attempt.isSuspended) return violation("it suspended an attempt that waits already");
      return judgeWait(body.value.wait);
    case "describeRun":
      return judgeUpdate(body.value.update);
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

function judgeWait(wait: Wait | undefined): Verdict {
  if (wait === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wait.id)) {
    return violation("it suspended an attempt for a wait without a proper id");
  }
  const { kind } = wait;
  switch (kind.case) {
    case "until":
      return kind.value.nanos >= 0 && kind.value.nanos < 1e9 ? "accept" : violation("it waits for no moment");
    case "runId":
    case "tokenId":
      return isId(kind.value) ? "accept" : violation("it waits for something without a proper id");
    case "batch":
      if (!/^batch_[A-Za-z0-9_-]+$/.test(kind.value.batchId) || !isId(kind.value.batchId))
        return violation("it waits for a batch without a proper id");
      if (kind.value.runIds.length > attemptLimits.runsInWait)
        return violation("it names more than 1,000 runs to wait for beside a batch");
      return kind.value.runIds.every(isId) ? "accept" : violation("it waits for a run without a proper id");
    case undefined:
      return violation("it suspended an attempt for nothing");
  }
}

function judgeUpdate(update: RunUpdate | undefined): Verdict {
  if (update === undefined) return violation("it described its run without saying how");
  const { metadataBytes, tagsInUpdate, tagChars } = attemptLimits;
  if ((update.metadata?.data.byteLength ?? 0) > metadataBytes) return violation("its metadata was larger than 256 KB");
  const isTag = (tag: string) => tag.length > 0 && tag.length <= tagChars;
  if (update.addTags.length > tagsInUpdate) return violation(`it added more than ${tagsInUpdate} tags at once`);
  return update.addTags.every(isTag) ? "accept" : violation(`it added a tag that has not 1 to ${tagChars} characters`);
}

function isId(id: string): boolean {
  return id.length > 0 && id.length <= attemptLimits.idChars;
}

function violation(sentence: string): Verdict {
  return { violation: sentence };
}
