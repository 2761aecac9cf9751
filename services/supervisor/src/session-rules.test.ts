import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RunErrorCode, WorkerMessageSchema } from "@windlass/proto";
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

it("refuses what it does not know", () => expect(judge(idle, create(WorkerMessageSchema))).toMatch(/unknown/));
