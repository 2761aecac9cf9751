import { AttemptOutcome } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { workerBundle } from "./test-support/make-bundle.ts";
import { makeLease } from "./test-support/make-lease.ts";
import { startSupervisor, type TestSupervisor } from "./test-support/start-supervisor.ts";

const bundle = workerBundle();
let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([bundle], settings);
  return running;
}

afterEach(async () => {
  const left = await running?.stop();
  running = undefined;
  expect(left ?? []).toEqual([]);
});

describe("a run", () => {
  it("goes from the queue through a worker to the run-store", async () => {
    const { queue, store } = await start();
    const lease = makeLease({ bundleHash: bundle.hash, payload: { message: "hi" } });
    const token = lease.ref?.leaseToken ?? "";
    queue.offer(lease);
    const finish = await store.finished(token);
    expect(finish.outcome).toBe(AttemptOutcome.SUCCEEDED);
  });
});
