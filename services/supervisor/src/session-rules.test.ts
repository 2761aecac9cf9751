import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RunErrorCode, type RunUpdateSchema, type WaitSchema, WorkerMessageSchema } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { type JudgedAttempt, judgeMessage, type SessionState } from "./session-rules.ts";

type Body = NonNullable<MessageInitShape<typeof WorkerMessageSchema>["body"]>;

const say = (body: Body) => create(WorkerMessageSchema, { body });

const attempt: JudgedAttempt = {
  runId: "run_1",
  attemptNumber: 2,
  hasStarted: true,
  isCancelDelivered: false,
  isCancelAcknowledged: false,
  isSuspended: false,
  hookCount: 0,
  isFlooding: false,
};
const idle: SessionState = { isGreeted: true, isTokenKnown: true, attempt: undefined, pingId: undefined };
const busy: SessionState = { ...idle, attempt };
const greeting: SessionState = { ...idle, isGreeted: false };

const hello = (protocolVersion = 1) => say({ case: "hello", value: { protocolVersion, token: "t" } });
const started = (runId = "run_1") => say({ case: "started", value: { runId } });
const ack = (runId = "run_1") => say({ case: "cancelAck", value: { runId } });
const hook = (attemptNumber = 2) => say({ case: "hookResult", value: { hook: "run", attemptNumber } });
const log = () => say({ case: "log", value: { record: { message: "hi" } } });
const output = (bytes = 2) =>
  say({
    case: "attemptFinished",
    value: { runId: "run_1", result: { case: "output", value: { data: new Uint8Array(bytes) } } },
  });

const judge = (state: SessionState, message: ReturnType<typeof say>) => {
  const verdict = judgeMessage(state, message);
  return typeof verdict === "string" ? verdict : verdict.violation;
};

describe("hello", () => {
  it("comes first, with a known token and our version", () => {
    expect(judge(greeting, hello())).toBe("accept");
    expect(judge({ ...greeting, isTokenKnown: false }, hello())).toMatch(/token/);
    expect(judge(greeting, hello(2))).toMatch(/version 2/);
    for (const message of [started(), hook(), log(), ack(), output()])
      expect(judge(greeting, message)).toMatch(/before hello/);
  });

  it("is said once", () => expect(judge(idle, hello())).toMatch(/twice/));
});

describe("an idle worker", () => {
  it("has no attempt to speak of", () => {
    for (const message of [started(), hook(), ack(), output()]) expect(judge(idle, message)).toMatch(/no attempt/);
  });

  it("may still log: something a finished task left behind", () => expect(judge(idle, log())).toBe("drop"));

  it("answers only pings that were asked", () => {
    const pong = say({ case: "pong", value: { id: 7n } });
    expect(judge({ ...idle, pingId: 7n }, pong)).toBe("accept");
    expect(judge({ ...idle, pingId: 8n }, pong)).toMatch(/ping/);
    expect(judge(idle, pong)).toMatch(/ping/);
  });
});

describe("a busy worker", () => {
  it("speaks of its own attempt", () => {
    for (const message of [hook(), log(), output()]) expect(judge(busy, message)).toBe("accept");
    for (const message of [started("run_2"), ack("run_2")]) expect(judge(busy, message)).toMatch(/another run/);
    expect(judge(busy, hook(3))).toMatch(/another attempt/);
  });

  it("starts once", () => {
    expect(judge({ ...busy, attempt: { ...attempt, hasStarted: false } }, started())).toBe("accept");
    expect(judge(busy, started())).toMatch(/twice/);
  });

  it("acknowledges a cancel that was asked; again is harmless", () => {
    expect(judge(busy, ack())).toMatch(/not asked/);
    const asked = { ...attempt, isCancelDelivered: true };
    expect(judge({ ...busy, attempt: asked }, ack())).toBe("accept");
    expect(judge({ ...busy, attempt: { ...asked, isCancelAcknowledged: true } }, ack())).toBe("drop");
  });

  it("ends with an output of at most 10 MB or a failure with an error", () => {
    expect(judge(busy, output(10 * 1024 * 1024))).toBe("accept");
    expect(judge(busy, output(10 * 1024 * 1024 + 1))).toMatch(/10 MB/);
    expect(judge(busy, say({ case: "attemptFinished", value: { runId: "run_1" } }))).toMatch(/neither/);
    const failure = (error?: { code: RunErrorCode }) =>
      say({
        case: "attemptFinished",
        value: { runId: "run_1", result: { case: "failure", value: { ...(error && { error }) } } },
      });
    expect(judge(busy, failure({ code: RunErrorCode.TASK_ERROR }))).toBe("accept");
    expect(judge(busy, failure())).toMatch(/without an error/);
  });

  it("has a limit of hook results", () => {
    expect(judge({ ...busy, attempt: { ...attempt, hookCount: 500 } }, hook())).toMatch(/500/);
  });
});

describe("a worker whose attempt waits", () => {
  const id = "0190c0de-0000-7000-8000-000000000001";
  type Kind = MessageInitShape<typeof WaitSchema>["kind"];
  const suspend = (kind: Kind = { case: "tokenId", value: "token_1" }, runId = "run_1", waitId = id) =>
    say({ case: "suspend", value: { runId, wait: { id: waitId, ...(kind !== undefined && { kind }) } } });
  const waiting = { ...busy, attempt: { ...attempt, isSuspended: true } };

  it("says so once, of its own attempt, after it has started", () => {
    expect(judge(busy, suspend())).toBe("accept");
    expect(judge(waiting, suspend())).toMatch(/waits already/);
    expect(judge({ ...busy, attempt: { ...attempt, hasStarted: false } }, suspend())).toMatch(/not started/);
    expect(judge(busy, suspend(undefined, "run_2"))).toMatch(/another run/);
    expect(judge(idle, suspend())).toMatch(/no attempt/);
  });

  it("says for what", () => {
    const runIds = (count: number) => Array.from({ length: count }, (_, nth) => `run_${nth}`);
    const batch = (count: number): Kind => ({ case: "batch", value: { batchId: "batch_1", runIds: runIds(count) } });
    expect(judge(busy, suspend(batch(1_000)))).toBe("accept");
    expect(judge(busy, suspend(batch(1_001)))).toMatch(/1,000/);
    for (const batchId of ["", "mine", "batch_*", `batch_${"a".repeat(1_000)}`])
      expect(judge(busy, suspend({ case: "batch", value: { batchId } }))).toMatch(/batch without a proper id/);
    expect(judge(busy, suspend({ case: "runId", value: "" }))).toMatch(/proper id/);
    expect(judge(busy, suspend({ case: undefined }))).toMatch(/for nothing/);
    expect(judge(busy, suspend(undefined, "run_1", "mine"))).toMatch(/proper id/);
    expect(judge(busy, say({ case: "suspend", value: { runId: "run_1" } }))).toMatch(/proper id/);
  });

  it("has crossed a cancel when one was delivered: there is nothing to wait for", () => {
    expect(judge({ ...busy, attempt: { ...attempt, isCancelDelivered: true } }, suspend())).toBe("drop");
  });

  it("may still end it: something that its task left running threw", () => {
    for (const message of [log(), hook(), output()]) expect(judge(waiting, message)).toBe("accept");
  });
});

describe("a description", () => {
  const describeRun = (update?: MessageInitShape<typeof RunUpdateSchema>) =>
    say({ case: "describeRun", value: { runId: "run_1", ...(update && { update }) } });
  const metadata = (bytes: number) => ({ data: new Uint8Array(bytes), contentType: "application/json" });

  it("has at most 256 KB of metadata and ten tags of 1 to 128 characters", () => {
    expect(judge(busy, describeRun({ metadata: metadata(256 * 1024), addTags: ["x".repeat(128)] }))).toBe("accept");
    expect(judge(busy, describeRun({ metadata: metadata(256 * 1024 + 1) }))).toMatch(/256 KB/);
    expect(judge(busy, describeRun({ addTags: ["x".repeat(129)] }))).toMatch(/128/);
    expect(judge(busy, describeRun({ addTags: [""] }))).toMatch(/128/);
    expect(judge(busy, describeRun({ addTags: Array.from({ length: 11 }, String) }))).toMatch(/10 tags/);
    expect(judge(busy, describeRun())).toMatch(/without saying how/);
    expect(judge(idle, describeRun({}))).toMatch(/no attempt/);
  });
});

it("refuses what it does not know", () => expect(judge(idle, create(WorkerMessageSchema))).toMatch(/unknown/));
