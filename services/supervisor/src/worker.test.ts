import { createFakeClock } from "@windlass/chassis";
import { beforeEach, expect, it } from "vitest";
import { defaultMachine } from "./driver/machine.ts";
import { createFakeWorkers, type FakeWorker } from "./testing/fake-workers.ts";
import { Worker } from "./worker.ts";

const kind = {
  key: "b",
  bundleHash: "b",
  machine: defaultMachine,
  environmentId: "env",
  variablesRevision: 0n,
  isFresh: false,
};

let clock: ReturnType<typeof createFakeClock>;
let worker: Worker;
let process: FakeWorker | undefined;
let ready: PromiseWithResolvers<void>;
beforeEach(async () => {
  clock = createFakeClock();
  ready = Promise.withResolvers();
  const { dependencies, workers } = createFakeWorkers(clock);
  const events = { onReady: () => ready.resolve(), onMessage() {}, onViolation() {}, onGone() {} };
  worker = new Worker({ id: "w", kind }, dependencies, events);
  // One for how long it may take to say hello, one for how long it may have more of the processors.
  await clock.timersPending(2);
  process = workers[0];
});

it("gets no more of the processors than its machine has from its hello on", async () => {
  await clock.advance(2_900);
  expect(process?.isStartEnded).toBe(false);
  process?.sayHello();
  await ready.promise;
  expect(process?.isStartEnded).toBe(true);
  worker.kill();
  await worker.gone;
  expect(clock.pendingTimers).toBe(0);
});

it("gets no more of the processors than its machine has after three seconds, however long it loads its code", async () => {
  await clock.advance(3_000);
  expect(process?.isStartEnded).toBe(true);
  expect(worker.state).toBe("starting");
  worker.kill();
  await worker.gone;
});
