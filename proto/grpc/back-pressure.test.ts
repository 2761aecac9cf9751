import { afterEach, expect, test } from "vitest";
import { ErrorReason, RunService, TaskService } from "../index.ts";
import { type LoopbackServer, startLoopbackServer } from "../test/loopback-server.ts";
import { createClient } from "../grpc.ts";

let server: LoopbackServer | undefined;
afterEach(() => server?.stop());

const MESSAGE_BYTES = 64 * 1024;
/** 16 in each side's stream, a window of 1 MB between them, and what sockets hold. */
const MAX_AHEAD = 96;

/** Lets everything that can go on without the test go on. */
async function letRun(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

const unused = (): never => {
  throw new Error("This test does not call it.");
};

test("a slow reader slows the server's handler", async () => {
  let produced = 0;
  server = await startLoopbackServer(RunService, {
    getRun: unused,
    listRuns: unused,
    countRuns: unused,
    awaitRuns: unused,
    cancelRun: unused,
    replayRun: unused,
    rescheduleRun: unused,
    updateRun: unused,
    async *watchRun() {
      for (;;) {
        produced += 1;
        yield { events: [{ body: { case: "log", value: { message: "x".repeat(MESSAGE_BYTES) } } }] };
      }
    },
  });
  let consumed = 0;
  let maxAhead = 0;
  for await (const _ of createClient(RunService, server.connect()).watchRun({})) {
    consumed += 1;
    await letRun();
    maxAhead = Math.max(maxAhead, produced - consumed);
    if (consumed === 300) break;
  }
  expect(maxAhead).toBeLessThan(MAX_AHEAD);
  await server.runningCalls.whenIdle();
});

test("a slow handler slows the client that sends", async () => {
  let consumed = 0;
  const finished = Promise.withResolvers<void>();
  server = await startLoopbackServer(TaskService, {
    resetIdempotencyKey: () => Promise.reject(new Error("not asked for")),
    triggerTask: unused,
    // oxlint-disable-next-line require-yield -- it only listens
    async *triggerTasks(requests) {
      for await (const _ of requests) {
        consumed += 1;
        await letRun();
        if (consumed === 300) break;
      }
      finished.resolve();
    },
  });
  const call = createClient(TaskService, server.connect()).triggerTasks();
  const triggers = [{ payload: { data: new Uint8Array(MESSAGE_BYTES) } }];
  let sent = 0;
  let maxAhead = 0;
  const isOver = async (): Promise<boolean> => {
    try {
      await call.drained();
      return false;
    } catch {
      return true;
    }
  };
  for (;;) {
    sent += 1;
    const hasRoom = call.send({ triggers });
    maxAhead = Math.max(maxAhead, sent - consumed);
    if (!hasRoom && (await isOver())) break;
  }
  await finished.promise;
  expect(maxAhead).toBeLessThan(MAX_AHEAD);
});

test("a reader that stops for good does not keep a handler from its deadline", async () => {
  const cleaned = Promise.withResolvers<void>();
  server = await startLoopbackServer(RunService, {
    getRun: unused,
    listRuns: unused,
    countRuns: unused,
    awaitRuns: unused,
    cancelRun: unused,
    replayRun: unused,
    rescheduleRun: unused,
    updateRun: unused,
    async *watchRun() {
      try {
        for (;;) yield { events: [{ body: { case: "log", value: { message: "x".repeat(MESSAGE_BYTES) } } }] };
      } finally {
        cleaned.resolve();
      }
    },
  });
  const channel = server.connect();
  await channel.waitForReady();
  const responses = createClient(RunService, channel).watchRun({}, { timeoutMs: 1_500 });
  await responses.next();
  await cleaned.promise;
  await server.runningCalls.whenIdle();
  expect(server.ends.map(({ failure }) => failure?.reason)).toEqual([ErrorReason.CALL_ENDED]);
});
