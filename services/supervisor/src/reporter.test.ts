import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createFakeClock, type FakeClock } from "@windlass/chassis";
import {
  AttemptOutcome,
  DeadlockSchema,
  ErrorReason,
  FinishAttemptSchema,
  type LeaseRef,
  LeaseRefSchema,
  ReportExecutionResponseSchema,
  RunEventSchema,
  SuspendAttemptSchema,
  type WorkReport,
} from "@windlass/proto";
import { callFailureFromError } from "@windlass/proto/grpc";
import { beforeEach, expect, it } from "vitest";
import { createGate, type Gate } from "./gate.ts";
import { createReporter, type Reporter } from "./reporter.ts";
import { eventually } from "./testing/processes.ts";
import { callError, testLogger as logger } from "./testing/start-peer.ts";

let clock: FakeClock;
let gate: Gate;
let reporter: Reporter;
let asked: {
  work: WorkReport;
  answer: (answer?: MessageInitShape<typeof ReportExecutionResponseSchema>) => void;
  reject: (error: Error) => void;
}[];
let heard: string[];

beforeEach(() => {
  clock = createFakeClock();
  gate = createGate();
  [asked, heard] = [[], []];
  reporter = createReporter({
    ask: (body) =>
      new Promise((resolve, reject) => {
        if (body.case !== "work") throw new Error("a reporter asks about work");
        const answer = (init: MessageInitShape<typeof ReportExecutionResponseSchema> = {}) =>
          resolve(create(ReportExecutionResponseSchema, init));
        asked.push({ work: body.value, answer, reject });
      }),
    gate,
    clock,
    logger,
    events: {
      onSettled: (ref) => heard.push(`settled ${ref.leaseToken}`),
      onLost: (ref) => heard.push(`lost ${ref.leaseToken}`),
      onSuspended: (ref) => heard.push(`suspended ${ref.leaseToken}`),
      onDeadlock: (ref, runIds) => heard.push(`deadlock ${ref.leaseToken} ${runIds.join(" ")}`),
      onWaitRefused: (ref) => heard.push(`refused ${ref.leaseToken}`),
      onExpired: (why) => heard.push(`expired ${why}`),
    },
  });
});

const refOf = (leaseToken: string): LeaseRef => create(LeaseRefSchema, { leaseToken });
const finishOf = (ref: LeaseRef, bytes = 10) =>
  create(FinishAttemptSchema, { ref, outcome: AttemptOutcome.SUCCEEDED, output: { data: new Uint8Array(bytes) } });
const finish = (leaseToken: string, bytes?: number) => {
  const ref = refOf(leaseToken);
  reporter.finish(reporter.open(ref), finishOf(ref, bytes));
};
const tokens = ({ work }: (typeof asked)[0]) => work.finished.map(({ ref }) => ref?.leaseToken);

it("sends at once what ended in the same moment, and gathers while two reports are unanswered", async () => {
  finish("1");
  finish("2");
  await eventually(() => asked.length === 1);
  finish("3");
  await eventually(() => asked.length === 2);
  for (const token of ["4", "5", "6"]) finish(token);
  await clock.advance(0);
  expect(asked.map(tokens)).toEqual([["1", "2"], ["3"]]);
  asked[1]?.answer();
  await eventually(() => asked.length === 3);
  expect(asked.map(tokens)).toEqual([["1", "2"], ["3"], ["4", "5", "6"]]);
  expect(heard).toEqual(["settled 3"]);
});

it("tells of leases that were lost", async () => {
  const ref = refOf("1");
  const entry = reporter.open(ref);
  reporter.recorder(entry)(create(RunEventSchema), 10, true);
  await eventually(() => asked.length === 1);
  asked[0]?.answer({ lost: [ref] });
  await eventually(() => heard.length === 1);
  expect(heard).toEqual(["lost 1"]);
});

it("tells of waits that would never end, and not that they began", async () => {
  const [ref, other] = [refOf("1"), refOf("2")];
  for (const each of [ref, other]) reporter.suspend(reporter.open(each), create(SuspendAttemptSchema, { ref: each }));
  await eventually(() => asked.length === 1);
  asked[0]?.answer({ deadlocks: [create(DeadlockSchema, { ref, runIds: ["run_a", "run_b"] })] });
  await eventually(() => heard.length === 2);
  expect(heard).toEqual(["suspended 2", "deadlock 1 run_a run_b"]);
});

it("waits and repeats when a refusal passes, and gives up with the membership", async () => {
  finish("1");
  await eventually(() => asked.length === 1);
  asked[0]?.answer({ error: callError(ErrorReason.NOT_READY) });
  await clock.timersPending(1);
  expect(asked).toHaveLength(1);
  await clock.advance(50);
  expect(asked.map(tokens)).toEqual([["1"], ["1"]]);
  asked[1]?.answer({ error: callError(ErrorReason.SUPERVISOR_EXPIRED, "too late") });
  await eventually(() => heard.length === 1);
  expect(heard).toEqual(["expired too late"]);
  finish("2");
  await eventually(() => asked.length === 3);
  asked[2]?.reject(callFailureFromError(callError(ErrorReason.CALL_ENDED)));
  await reporter.flushed(AbortSignal.timeout(5_000));
  expect(heard).toHaveLength(1);
});

it("separates what cannot be stored from the rest, also when it cannot even be encoded", async () => {
  finish("good");
  finish("bad");
  await eventually(() => asked.length === 1);
  asked[0]?.reject(callFailureFromError(callError(ErrorReason.FIELD_INVALID)));
  await eventually(() => asked.length === 2);
  asked[1]?.answer();
  await eventually(() => asked.length === 3);
  asked[2]?.answer({ error: callError(ErrorReason.FIELD_INVALID) });
  await eventually(() => asked.length === 4);
  expect(asked[3]?.work.finished[0]).toMatchObject({ outcome: AttemptOutcome.CRASHED, output: undefined });
  asked[3]?.answer({ error: callError(ErrorReason.FIELD_INVALID) });
  await eventually(() => heard.length === 2);
  expect(asked.map(tokens)).toEqual([["good", "bad"], ["good"], ["bad"], ["bad"]]);
  expect(heard).toEqual(["settled good", "settled bad"]);
});

it("closes the gate while too much is unanswered, and opens it when half of that is stored", async () => {
  const tenMegabytes = 10 * 1024 * 1024;
  for (const token of ["1", "2", "3"]) finish(token, tenMegabytes);
  expect(reporter.isCongested).toBe(false);
  finish("4", tenMegabytes);
  expect(reporter.isCongested).toBe(true);
  for (let nth = 0; nth < 3; nth += 1) {
    expect(reporter.isCongested).toBe(true);
    await eventually(() => asked.length > nth);
    asked[nth]?.answer();
    await eventually(() => heard.length > nth);
  }
  await eventually(() => !gate.isClosed);
});

it("is flushed when everything is stored, or at the limit", async () => {
  const entry = reporter.open(refOf("1"));
  reporter.recorder(entry)(create(RunEventSchema), 10, false);
  await reporter.flushed(AbortSignal.abort());
  const flushed = reporter.flushed(AbortSignal.timeout(5_000));
  await eventually(() => asked.length === 1);
  asked[0]?.answer();
  await flushed;
  expect(asked[0]?.work.progress).toHaveLength(1);
});
