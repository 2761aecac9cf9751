import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import {
  ErrorReason,
  TaskService,
  type TriggerTasksRequest,
  TriggerTasksRequestSchema,
  type TriggerTasksResponse,
} from "../index.ts";
import { create } from "@bufbuild/protobuf";
import { type CuttableProxy, startCuttableProxy } from "../test/cuttable-proxy.ts";
import { failureOf } from "../test/failure-of.ts";
import { startLoopbackServer } from "../test/loopback-server.ts";
import {
  CallFailure,
  type CorrelatedStream,
  type CorrelatedStreamOptions,
  type PushStream,
  createChannel,
  createClient,
  createCorrelatedStream,
  createPushStream,
} from "../grpc.ts";

type Options = CorrelatedStreamOptions<TriggerTasksRequest, TriggerTasksResponse>;
type Answers = PushStream<{ correlationId: bigint }>;

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A message whose one trigger says what is asked. */
function question(taskId: string): TriggerTasksRequest {
  return create(TriggerTasksRequestSchema, { triggers: [{ taskId }] });
}

/** What a test sees of the server: every question as it arrives, to be answered when the test says so. */
interface Asked {
  readonly taskId: string;
  readonly id: bigint;
  answer(): void;
}

/** A stream to a server that answers when told, through a proxy that can be cut. */
async function setUp(options: Partial<Options> = {}) {
  const asked: Asked[] = [];
  const arrivals: ((question: Asked) => void)[] = [];
  const calls: Answers[] = [];
  const states: string[] = [];
  const changes: (() => void)[] = [];

  const server = await startLoopbackServer(TaskService, {
    resetIdempotencyKey: () => Promise.reject(new Error("not asked for")),
    triggerTask: () => Promise.resolve({}),
    async *triggerTasks(requests, { signal }) {
      const answers: Answers = createPushStream(1_000, signal);
      calls.push(answers);
      const read = async (): Promise<void> => {
        for await (const { correlationId, triggers } of requests) {
          const arrived: Asked = {
            taskId: triggers[0]?.taskId ?? "",
            id: correlationId,
            answer: () => void answers.push({ correlationId }),
          };
          const waiting = arrivals.shift();
          if (waiting === undefined) asked.push(arrived);
          else waiting(arrived);
        }
        answers.end();
      };
      read().catch((error: unknown) => answers.end(error));
      yield* answers;
    },
  });
  cleanups.push(() => server.stop());
  const proxy: CuttableProxy = await startCuttableProxy(server.address);
  cleanups.push(() => proxy.stop());
  const channel = createChannel(proxy.address);
  cleanups.push(() => channel.close());
  const client = createClient(TaskService, channel);

  const stream: CorrelatedStream<TriggerTasksRequest, TriggerTasksResponse> = createCorrelatedStream({
    open: (signal) => client.triggerTasks({ signal }),
    onBreak: "resend",
    maxInFlight: 100,
    random: () => 0.1,
    onState: (state, error) => {
      states.push(error === undefined ? state : `${state}: ${status[error.code]}`);
      for (const change of changes.splice(0)) change();
    },
    ...options,
  });
  cleanups.push(() => stream.close());
  return {
    stream,
    server,
    proxy,
    states,
    /** The calls that the server has seen. */
    calls,
    /** The next question that reaches the server. */
    arrival: () => {
      const arrived = asked.shift();
      return arrived === undefined ? new Promise<Asked>((resolve) => arrivals.push(resolve)) : Promise.resolve(arrived);
    },
    stateChange: () => new Promise<void>((resolve) => changes.push(resolve)),
  };
}

test("answers find their questions in whatever order they come", async () => {
  const { stream, arrival } = await setUp();
  const answers = ["a", "b", "c"].map((taskId) => stream.ask(question(taskId)));
  const arrivals = [await arrival(), await arrival(), await arrival()];
  expect(arrivals.map(({ taskId }) => taskId)).toEqual(["a", "b", "c"]);
  expect(stream.inFlight).toBe(3);
  for (const arrived of arrivals.toReversed()) arrived.answer();
  expect((await Promise.all(answers)).map(({ correlationId }) => correlationId)).toEqual(arrivals.map(({ id }) => id));
  expect(stream.inFlight).toBe(0);
});

test("more questions than are allowed unanswered are refused", async () => {
  const { stream, arrival } = await setUp({ maxInFlight: 2 });
  const first = stream.ask(question("a"));
  const second = stream.ask(question("b"));
  expect(await failureOf(stream.ask(question("c")))).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: ErrorReason.OVERLOADED,
  });
  (await arrival()).answer();
  await first;
  const third = stream.ask(question("d"));
  (await arrival()).answer();
  (await arrival()).answer();
  await Promise.all([second, third]);
});

test("a question that cannot be encoded fails alone", async () => {
  const { stream, arrival } = await setUp();
  expect((await failureOf(stream.ask(question("\ud800")))).reason).toBe(ErrorReason.FIELD_INVALID);
  const good = stream.ask(question("a"));
  (await arrival()).answer();
  await good;
});

test("a withdrawn question is forgotten, and its late answer too", async () => {
  const { stream, arrival } = await setUp();
  const controller = new AbortController();
  const withdrawn = failureOf(stream.ask(question("a"), controller.signal));
  const arrived = await arrival();
  controller.abort(new Error("no matter"));
  expect(await withdrawn).toMatchObject({ reason: ErrorReason.CALL_ENDED, cause: new Error("no matter") });
  expect(stream.inFlight).toBe(0);
  arrived.answer();
  const next = stream.ask(question("b"));
  (await arrival()).answer();
  await next;
  expect((await failureOf(stream.ask(question("c"), controller.signal))).reason).toBe(ErrorReason.CALL_ENDED);
});

describe("when the connection is cut", () => {
  test("resend: unanswered questions are asked again, in order, and only those", async () => {
    const { stream, arrival, proxy, states, stateChange } = await setUp();
    const answered = stream.ask(question("a"));
    (await arrival()).answer();
    await answered;
    const questions = ["b", "c", "d"].map((taskId) => stream.ask(question(taskId)));
    const before = [await arrival(), await arrival(), await arrival()];
    const broken = stateChange();
    proxy.cut();
    await broken;
    expect(states).toEqual(["connected", "broken: UNAVAILABLE"]);
    expect(stream.isConnected).toBe(false);
    const after = [await arrival(), await arrival(), await arrival()];
    expect(after.map(({ taskId, id }) => [taskId, id])).toEqual(before.map(({ taskId, id }) => [taskId, id]));
    for (const arrived of after) arrived.answer();
    await Promise.all(questions);
    expect(states).toEqual(["connected", "broken: UNAVAILABLE", "connected"]);
  });

  test("reject: unanswered questions fail with what broke the call, and new ones go over the next", async () => {
    const { stream, arrival, proxy } = await setUp({ onBreak: "reject" });
    const questions = ["a", "b"].map((taskId) => failureOf(stream.ask(question(taskId))));
    await arrival();
    await arrival();
    proxy.cut();
    for (const failure of await Promise.all(questions)) {
      expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY });
    }
    expect(stream.inFlight).toBe(0);
    const next = stream.ask(question("c"));
    const arrived = await arrival();
    expect(arrived.taskId).toBe("c");
    arrived.answer();
    await next;
  });

  test("reject: a question asked while nobody answers fails in bounded time", async () => {
    const { stream, proxy, stateChange } = await setUp({ onBreak: "reject" });
    await stateChange();
    proxy.setOpen(false);
    const broken = stateChange();
    proxy.cut();
    await broken;
    expect((await failureOf(stream.ask(question("a")))).code).toBe(status.UNAVAILABLE);
  });

  test("resend: questions asked while nobody answers wait, and tries go on until somebody does", async () => {
    const { stream, arrival, proxy, states, stateChange } = await setUp();
    await stateChange();
    proxy.setOpen(false);
    const broken = stateChange();
    proxy.cut();
    await broken;
    const controller = new AbortController();
    const withdrawn = failureOf(stream.ask(question("a"), controller.signal));
    const kept = stream.ask(question("b"));
    controller.abort();
    await withdrawn;
    proxy.setOpen(true);
    const arrived = await arrival();
    expect(arrived.taskId).toBe("b");
    arrived.answer();
    await kept;
    expect(states).toEqual(["connected", "broken: UNAVAILABLE", "connected"]);
  });
});

test("a call that the server ends is opened again", async () => {
  const { stream, arrival, calls, states } = await setUp();
  const asked = stream.ask(question("a"));
  await arrival();
  calls[0]?.end();
  (await arrival()).answer();
  await asked;
  expect(states).toEqual(["connected", "broken: UNAVAILABLE", "connected"]);
  expect(calls).toHaveLength(2);
});

describe("with a greeting", () => {
  test("it comes first on every call, and the others wait for its answer", async () => {
    const greeted: bigint[] = [];
    const { stream, arrival, proxy, states } = await setUp({
      greet: () => question("hello"),
      onGreeted: ({ correlationId }) => void greeted.push(correlationId),
    });
    const asked = stream.ask(question("a"));
    for (const round of [1, 2]) {
      const hello = await arrival();
      expect(hello.taskId).toBe("hello");
      hello.answer();
      const arrived = await arrival();
      expect(arrived.taskId).toBe("a");
      expect(greeted).toHaveLength(round);
      if (round === 1) proxy.cut();
      else arrived.answer();
    }
    await asked;
    expect(states).toEqual(["connected", "broken: UNAVAILABLE", "connected"]);
  });

  test("a refused greeting breaks the call, and is said again", async () => {
    const refusal = new CallFailure({
      code: status.FAILED_PRECONDITION,
      reason: ErrorReason.SUPERVISOR_EXPIRED,
      message: "Register anew.",
    });
    let refusals = 1;
    const { stream, arrival, states } = await setUp({
      greet: () => question("hello"),
      onGreeted: () => {
        refusals -= 1;
        if (refusals >= 0) throw refusal;
      },
    });
    const asked = stream.ask(question("a"));
    (await arrival()).answer();
    const again = await arrival();
    expect(again.taskId).toBe("hello");
    again.answer();
    (await arrival()).answer();
    await asked;
    expect(states).toEqual(["broken: FAILED_PRECONDITION", "connected"]);
  });
});

test("messages that answer nothing are pushes", async () => {
  const pushed = Promise.withResolvers<TriggerTasksResponse>();
  const { calls, stateChange } = await setUp({ onPush: pushed.resolve });
  await stateChange();
  calls[0]?.push({ correlationId: 0n });
  expect((await pushed.promise).correlationId).toBe(0n);
});

test("10,000 questions over a full transport are all answered", async () => {
  const { stream, arrival } = await setUp({ maxInFlight: 10_000 });
  const asked = Array.from({ length: 10_000 }, (_, index) => stream.ask(question(`${index}-${"x".repeat(200)}`)));
  for (let index = 0; index < 10_000; index += 1) (await arrival()).answer();
  const ids = (await Promise.all(asked)).map(({ correlationId }) => correlationId);
  expect(new Set(ids).size).toBe(10_000);
});

test("closing fails what is unanswered, ends the call and takes no more", async () => {
  const { stream, arrival, server } = await setUp();
  const asked = failureOf(stream.ask(question("a")));
  await arrival();
  await Promise.all([stream.close(), stream.close()]);
  expect((await asked).reason).toBe(ErrorReason.CALL_ENDED);
  expect((await failureOf(stream.ask(question("b")))).reason).toBe(ErrorReason.CALL_ENDED);
  await server.runningCalls.whenIdle();
});

test("closing while nobody can be reached ends the tries", async () => {
  const { stream, proxy, stateChange } = await setUp();
  await stateChange();
  proxy.setOpen(false);
  const broken = stateChange();
  proxy.cut();
  await broken;
  await stream.close();
  expect(stream.isConnected).toBe(false);
});
