import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type AttemptFinished,
  AttemptFinishedSchema,
  AttemptOutcome,
  CancelPhase,
  type HookResult,
  HookResultSchema,
  LogSchema,
  RunErrorCode,
  RunErrorSchema,
  type RunEvent,
  StartedSchema,
} from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { Attempt } from "./attempt.ts";
import { makeLease } from "./testing/make-lease.ts";
import { attemptLimits } from "./worker-limits.ts";

const beginMs = 1_700_000_000_000;

const worker = { id: "worker-1", sandboxTier: "process" };

function begin() {
  const lease = makeLease({ attemptNumber: 2 });
  const events: RunEvent[] = [];
  const urgent: RunEvent[] = [];
  if (lease.ref === undefined) throw new Error("a lease has a ref");
  const attempt = new Attempt(lease, lease.ref, beginMs, (event, _size, isUrgent) => {
    events.push(event);
    if (isUrgent) urgent.push(event);
  });
  const said = () => events.map(({ body }) => describeBody(body));
  return { attempt, events, urgent, said };
}

function describeBody(body: RunEvent["body"]): string {
  switch (body.case) {
    case "hookResult":
      return `hook ${body.value.hook}`;
    case "cancelProgress":
      return `cancel ${body.value.phase}`;
    case "log":
      return `log ${body.value.message.slice(0, 40)}`;
    default:
      return String(body.case);
  }
}

const at = (afterMs: number) => timestampFromMs(beginMs + afterMs);
const started = (afterMs = 1) => create(StartedSchema, { time: at(afterMs) });
const hook = (name: string, extra: MessageInitShape<typeof HookResultSchema> = {}): HookResult =>
  create(HookResultSchema, { hook: name, startTime: at(1), duration: durationFromMs(5), attemptNumber: 2, ...extra });
const output = (text: string, time = at(10)): AttemptFinished =>
  create(AttemptFinishedSchema, { time, result: { case: "output", value: { data: Buffer.from(text) } } });
const failure = (code: RunErrorCode, extra: { skipRetry?: boolean; retryDelayMs?: number } = {}): AttemptFinished =>
  create(AttemptFinishedSchema, {
    time: at(10),
    result: {
      case: "failure",
      value: {
        error: { code, name: "Error", message: "boom" },
        skipRetry: extra.skipRetry ?? false,
        ...(extra.retryDelayMs !== undefined && { retryDelay: durationFromMs(extra.retryDelayMs) }),
      },
    },
  });
const lost = {
  outcome: AttemptOutcome.LOST,
  error: create(RunErrorSchema, { code: RunErrorCode.SUPERVISOR_LOST }),
  retry: "by-policy",
} as const;

describe("an attempt that goes well", () => {
  it("is reported with its hooks in order and the times of its worker", () => {
    const { attempt, events, said } = begin();
    attempt.started(started(), "sup_1", worker, beginMs + 20);
    attempt.hookSettled(hook("init"), beginMs + 20);
    attempt.hookSettled(hook("run"), beginMs + 20);
    const finish = attempt.endedByWorker(output("42"), beginMs + 20);
    expect(said()).toEqual(["attemptStarted", "hook init", "hook run"]);
    expect(events.map(({ time }) => time && timestampMs(time) - beginMs)).toEqual([1, 6, 6]);
    expect(finish.outcome).toBe(AttemptOutcome.SUCCEEDED);
    expect(finish.hooks.map((result) => result.hook)).toEqual(["init", "run"]);
    expect(finish.error).toBeUndefined();
    expect(finish.retry).toBeUndefined();
    expect(finish.startTime).toEqual(at(1));
    expect(finish.finishTime).toEqual(at(10));
  });

  it("is not believed about times that cannot be", () => {
    const { attempt } = begin();
    attempt.started(create(StartedSchema, { time: { seconds: 99_999_999_999n } }), "s", worker, beginMs + 20);
    const finish = attempt.endedByWorker(output("1", timestampFromMs(1_000)), beginMs + 30);
    expect(finish.startTime).toEqual(at(20));
    expect(finish.finishTime).toEqual(at(0));
  });
});

describe("a failure", () => {
  it.each([
    [failure(RunErrorCode.TASK_ERROR), AttemptOutcome.FAILED, { case: "byPolicy", value: true }],
    [failure(RunErrorCode.TASK_ERROR, { skipRetry: true }), AttemptOutcome.FAILED, { case: "never", value: true }],
    [failure(RunErrorCode.TASK_ABORTED), AttemptOutcome.FAILED, { case: "never", value: true }],
    [failure(RunErrorCode.TASK_INPUT_ERROR), AttemptOutcome.FAILED, { case: "never", value: true }],
    [failure(RunErrorCode.UNCAUGHT_EXCEPTION), AttemptOutcome.FAILED, { case: "byPolicy", value: true }],
    [
      failure(RunErrorCode.TASK_ERROR, { retryDelayMs: 500 }),
      AttemptOutcome.FAILED,
      { case: "after", value: durationFromMs(500) },
    ],
    [
      failure(RunErrorCode.TASK_ERROR, { retryDelayMs: -500 }),
      AttemptOutcome.FAILED,
      { case: "byPolicy", value: true },
    ],
    [failure(RunErrorCode.TASK_IMPORT_ERROR), AttemptOutcome.LOST, { case: "never", value: true }],
  ])("%# has the outcome and the retry that its code and the task decided", (message, outcome, decision) => {
    const finish = begin().attempt.endedByWorker(message, beginMs + 20);
    expect(finish.outcome).toBe(outcome);
    expect(finish.retry?.decision).toEqual(decision);
  });

  it("says what can be done about its kind, where its worker does not", () => {
    const end = (hint: string) => {
      const message = failure(RunErrorCode.UNCAUGHT_EXCEPTION);
      if (message.result.case === "failure" && message.result.value.error !== undefined)
        message.result.value.error.hint = hint;
      return begin().attempt.endedByWorker(message, beginMs + 20).error?.hint;
    };
    expect(end("")).toMatch(/^Await the promise/);
    expect(end("Own words.")).toBe("Own words.");
  });

  it("cannot speak for the supervisor, and is cut to 64 KB", () => {
    const message = failure(RunErrorCode.SUPERVISOR_LOST);
    if (message.result.case === "failure" && message.result.value.error !== undefined) {
      message.result.value.error.stack = "x".repeat(1_000_000);
    }
    const { error } = begin().attempt.endedByWorker(message, beginMs + 20);
    expect(error?.code).toBe(RunErrorCode.TASK_ERROR);
    expect(error?.stack.length).toBeLessThan(64 * 1024);
  });
});

describe("a cancel", () => {
  it("goes through its phases, and keeps what run returned", () => {
    const { attempt, said, urgent, events } = begin();
    attempt.started(started(), "s", worker, beginMs + 1);
    attempt.deliverCancel("not needed", beginMs + 2);
    attempt.cancelAcknowledged(beginMs + 3);
    attempt.hookSettled(hook("onCancel"), beginMs + 8);
    attempt.hookSettled(hook("run"), beginMs + 8);
    attempt.hookSettled(hook("cleanup"), beginMs + 8);
    const finish = attempt.endedByWorker(output("7"), beginMs + 12);
    expect(said()).toEqual([
      "attemptStarted",
      `cancel ${CancelPhase.DELIVERED}`,
      `cancel ${CancelPhase.ACKNOWLEDGED}`,
      "hook onCancel",
      "hook run",
      `cancel ${CancelPhase.HOOKS_DONE}`,
      "hook cleanup",
      `cancel ${CancelPhase.ENDED}`,
    ]);
    expect(urgent).toEqual(events.filter(({ body }) => body.case === "cancelProgress"));
    expect(finish).toMatchObject({ outcome: AttemptOutcome.CANCELED, retry: undefined });
    expect(Buffer.from(finish.output?.data ?? []).toString()).toBe("7");
    expect(finish.error).toMatchObject({ code: RunErrorCode.CANCELED, message: "The run was canceled: not needed" });
  });

  it("makes canceled what throws or dies meanwhile, and names that as the cause", () => {
    for (const end of [
      (attempt: Attempt) => attempt.endedByWorker(failure(RunErrorCode.TASK_ERROR), beginMs + 20),
      (attempt: Attempt) => attempt.ended(lost, beginMs + 20),
    ]) {
      const { attempt } = begin();
      attempt.deliverCancel("", beginMs + 2);
      const finish = end(attempt);
      expect(finish.outcome).toBe(AttemptOutcome.CANCELED);
      expect(finish.error?.causes).toHaveLength(1);
    }
  });

  it("is forced when the process had to be killed", () => {
    const { attempt, said } = begin();
    attempt.deliverCancel("", beginMs + 2);
    expect(attempt.canceled("force", "", beginMs + 3).outcome).toBe(AttemptOutcome.CANCEL_FORCED);
    expect(said()).toEqual([`cancel ${CancelPhase.DELIVERED}`, `cancel ${CancelPhase.FORCED}`]);
  });

  it("of a lease that no worker has begun ends it at once", () => {
    const { attempt, said } = begin();
    const finish = attempt.canceled("before-start", "no", beginMs + 3);
    expect(finish).toMatchObject({ outcome: AttemptOutcome.CANCELED, finishTime: at(3) });
    expect(said()).toEqual([`cancel ${CancelPhase.ENDED}`]);
  });

  it("lasted from when the worker was given it, when the worker never said that it had started", () => {
    const finish = begin().attempt.canceled("force", "", beginMs + 3_000);
    expect(finish).toMatchObject({ startTime: at(0), finishTime: at(3_000) });
  });
});

describe("limits", () => {
  it("drops log records beyond 10,000 at once, says so where it begins, and how many at the end", () => {
    const { attempt, events, said } = begin();
    for (let nth = 0; nth < attemptLimits.logRecords + 25; nth += 1) {
      attempt.logged(create(LogSchema, { time: at(1), record: { message: "hi" } }), beginMs + 2);
    }
    attempt.endedByWorker(output("1"), beginMs + 3);
    expect(events).toHaveLength(attemptLimits.logRecords + 2);
    expect(said().slice(-2)).toEqual([
      "log Log records are dropped from here on: th",
      "log 25 log records of this attempt were drop",
    ]);
    expect(attempt.isFlooding).toBe(true);
  });

  it("drops log records beyond 8 MB, and cuts a single one", () => {
    const { attempt, events } = begin();
    for (let nth = 0; nth < 400; nth += 1) {
      const record = { message: "x".repeat(100_000), attributesJson: `"${"y".repeat(100_000)}"` };
      attempt.logged(create(LogSchema, { record }), beginMs + 2);
    }
    let bytes = 0;
    for (const { body } of events) {
      if (body.case !== "log") continue;
      expect(body.value.attributesJson).toBe("");
      expect(body.value.attemptNumber).toBe(2);
      bytes += body.value.message.length;
    }
    expect(bytes).toBeLessThanOrEqual(attemptLimits.logBytes);
    expect(bytes).toBeGreaterThan(attemptLimits.logBytes * 0.9);
  });

  it("keeps the last 64 KB of what its process wrote, from a whole character on, and counts the others", () => {
    const { attempt, events } = begin();
    attempt.ended(
      { ...lost, exit: { exitCode: 1, wasKilled: false, output: "short", omittedOutputBytes: 7 } },
      beginMs,
    );
    attempt.processEnded({ signal: "SIGKILL", wasKilled: true, output: `x${"\u20ac".repeat(30_000)}` }, beginMs + 1);
    const [short, long] = events.map(({ body }) => (body.case === "processEnded" ? body.value : undefined));
    expect(short).toMatchObject({ attemptNumber: 2, exitCode: 1, signal: "", output: "short", omittedOutputBytes: 7n });
    expect(long).toMatchObject({ signal: "SIGKILL", omittedOutputBytes: BigInt(1 + 3 * (30_000 - 21_845)) });
    expect(long?.exitCode).toBeUndefined();
    expect(long?.output).toBe("\u20ac".repeat(21_845));
  });

  it("keeps hook errors together below what fits into a finish", () => {
    const { attempt } = begin();
    const error = create(RunErrorSchema, { code: RunErrorCode.TASK_ERROR, message: "m", stack: "s".repeat(20_000) });
    for (let nth = 0; nth < attemptLimits.hookResults; nth += 1) {
      attempt.hookSettled(hook("onStart", { name: "n".repeat(10_000), error: { ...error } }), beginMs + 8);
    }
    const { hooks } = attempt.endedByWorker(output("1"), beginMs + 9);
    const chars = hooks.reduce((sum, { name, error: thrown }) => sum + name.length + (thrown?.stack.length ?? 0), 0);
    expect(chars).toBeLessThan(1.5 * 1024 * 1024);
    expect(hooks.every(({ error: thrown }) => thrown?.message === "m")).toBe(true);
  });
});
