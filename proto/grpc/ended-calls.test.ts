import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { ErrorReason, RunService, TaskService } from "../index.ts";
import { collect, failureOf } from "../test/failure-of.ts";
import { aborted, startRuns, startTasks } from "../test/start-services.ts";
import { CallFailure, createClient, createPushStream, fieldInvalid } from "../grpc.ts";

describe("ends that are not the handler's own", () => {
  /** A service whose handlers wait until their call ends, and note that they were interrupted and cleaned up. */
  async function startWaiting() {
    const reasons: unknown[] = [];
    const begun = Promise.withResolvers<void>();
    const cleaned = Promise.withResolvers<void>();
    const server = await startRuns({
      getRun: async (_, { signal }) => {
        begun.resolve();
        await aborted(signal);
        reasons.push(signal.reason);
        cleaned.resolve();
        throw signal.reason;
      },
      async *watchRun(_, { signal }) {
        const events = createPushStream<bigint>(10, signal);
        events.push(1n);
        begun.resolve();
        try {
          for await (const seq of events) yield { events: [{ seq }] };
        } finally {
          reasons.push(signal.reason);
          cleaned.resolve();
        }
      },
      async *awaitRuns(requests, { signal }) {
        begun.resolve();
        try {
          for await (const { runIds } of requests) yield { results: runIds.map((runId) => ({ runId })) };
        } finally {
          reasons.push(signal.reason);
          cleaned.resolve();
        }
      },
    });
    const channel = server.connect();
    await channel.waitForReady();
    return {
      server,
      reasons,
      begun: begun.promise,
      cleaned: cleaned.promise,
      client: createClient(RunService, channel),
    };
  }

  const endedCall = expect.objectContaining({ reason: ErrorReason.CALL_ENDED });

  test("the caller aborts a unary call", async () => {
    const { client, begun, cleaned, reasons, server } = await startWaiting();
    const controller = new AbortController();
    const call = failureOf(client.getRun({}, { signal: controller.signal }));
    await begun;
    controller.abort(new Error("changed my mind"));
    expect(await call).toMatchObject({
      code: status.CANCELLED,
      reason: ErrorReason.CALL_ENDED,
      cause: new Error("changed my mind"),
    });
    await cleaned;
    expect(reasons).toEqual([endedCall]);
    await server.runningCalls.whenIdle();
    expect(server.defects).toEqual([]);
  });

  test("the caller had aborted before", async () => {
    const { client } = await startWaiting();
    const failure = await failureOf(client.getRun({}, { signal: AbortSignal.abort() }));
    expect(failure).toMatchObject({ code: status.CANCELLED, reason: ErrorReason.CALL_ENDED });
  });

  test("the caller leaves the loop over a stream", async () => {
    const { client, cleaned, reasons, server } = await startWaiting();
    for await (const { events } of client.watchRun({})) {
      expect(events[0]?.seq).toBe(1n);
      break;
    }
    await cleaned;
    expect(reasons).toEqual([endedCall]);
    await server.runningCalls.whenIdle();
  });

  test("the caller aborts or cancels a bidi stream", async () => {
    for (const end of ["abort", "cancel"] as const) {
      const { client, cleaned, reasons, server } = await startWaiting();
      const controller = new AbortController();
      const call = client.awaitRuns({ signal: controller.signal });
      call.send({ runIds: ["run_1"] });
      expect((await call.responses.next()).value?.results[0]?.runId).toBe("run_1");
      if (end === "abort") controller.abort();
      else call.cancel();
      expect((await failureOf(call.responses.next())).reason).toBe(ErrorReason.CALL_ENDED);
      await cleaned;
      expect(reasons).toEqual([endedCall]);
      await server.runningCalls.whenIdle();
      expect(server.defects).toEqual([]);
    }
  });

  test("the deadline passes, of a call and of a stream", async () => {
    for (const kind of ["unary", "stream"] as const) {
      const { client, cleaned, reasons, server } = await startWaiting();
      // Long enough for the call to reach its handler, also on a busy machine.
      const timeoutMs = 1_000;
      const ending = kind === "unary" ? client.getRun({}, { timeoutMs }) : collect(client.watchRun({}, { timeoutMs }));
      expect(await failureOf(ending)).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: ErrorReason.CALL_ENDED });
      await cleaned;
      expect(reasons).toEqual([endedCall]);
      await server.runningCalls.whenIdle();
    }
  });

  test("the server stops, with calls of every kind open", async () => {
    const stopping = new CallFailure({
      code: status.UNAVAILABLE,
      reason: ErrorReason.NOT_READY,
      message: "Going away.",
    });
    for (const kind of ["getRun", "watchRun", "awaitRuns"] as const) {
      const { client, begun, cleaned, reasons, server } = await startWaiting();
      const ending: Promise<unknown> = {
        getRun: () => client.getRun({}),
        watchRun: () => collect(client.watchRun({})),
        awaitRuns: () => collect(client.awaitRuns().responses),
      }[kind]();
      const failing = failureOf(ending);
      await begun;
      server.runningCalls.abort(stopping);
      expect(await failing).toMatchObject({
        code: status.UNAVAILABLE,
        reason: ErrorReason.NOT_READY,
        message: "Going away.",
      });
      await cleaned;
      expect(reasons).toEqual([stopping]);
      await server.runningCalls.whenIdle();
    }
  });

  test("a caller gets its answer although the handler ignores its signal", async () => {
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const server = await startTasks({
      triggerTask: async () => {
        begun.resolve();
        await release.promise;
        return {};
      },
    });
    const call = failureOf(createClient(TaskService, server.connect()).triggerTask({}));
    await begun.promise;
    server.runningCalls.abort(fieldInvalid());
    expect((await call).reason).toBe(ErrorReason.FIELD_INVALID);
    expect(server.runningCalls.size).toBe(1);
    release.resolve();
    await server.runningCalls.whenIdle();
    expect(server.defects).toEqual([]);
  });

  test("what a handler's clean-up throws after that is still reported", async () => {
    const begun = Promise.withResolvers<void>();
    const server = await startRuns({
      async *watchRun(_, { signal }) {
        const events = createPushStream<never>(1, signal);
        begun.resolve();
        try {
          yield* events;
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- the mistake that this test is about
          throw new TypeError("clean-up failed");
        }
      },
    });
    const controller = new AbortController();
    const call = failureOf(
      collect(createClient(RunService, server.connect()).watchRun({}, { signal: controller.signal })),
    );
    await begun.promise;
    controller.abort();
    await call;
    await server.runningCalls.whenIdle();
    expect(server.defects).toEqual([new TypeError("clean-up failed")]);
  });

  test("draining ends the requests: what was asked is answered, then the caller is told to come back", async () => {
    const { client, server } = await startWaiting();
    const call = client.awaitRuns();
    call.send({ runIds: ["run_1"] });
    expect((await call.responses.next()).value?.results[0]?.runId).toBe("run_1");
    server.runningCalls.endRequests();
    server.runningCalls.endRequests();
    expect(await failureOf(call.responses.next())).toMatchObject({
      code: status.UNAVAILABLE,
      reason: ErrorReason.NOT_READY,
    });
    await server.runningCalls.whenIdle();
  });

  test("a stream that its caller has ended is not disturbed by draining", async () => {
    const release = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const server = await startTasks({
      async *triggerTasks(requests) {
        await collect(requests);
        ended.resolve();
        await release.promise;
        yield { correlationId: 1n };
      },
    });
    const call = createClient(TaskService, server.connect()).triggerTasks();
    call.end();
    await ended.promise;
    server.runningCalls.endRequests();
    release.resolve();
    expect(await collect(call.responses)).toHaveLength(1);
  });
});
