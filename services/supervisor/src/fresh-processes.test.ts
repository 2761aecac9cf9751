import { AttemptOutcome, type Lease } from "@windlass/proto";
import { expect, it, onTestFinished } from "vitest";
import { execute, tokenOf } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { eventually, isAlive } from "./testing/processes.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();
const freshLease = (taskId = "echo") => makeLease({ taskId, bundleHash: bundle.hash, needsFreshProcess: true });

async function start(): Promise<TestSupervisor> {
  const supervisor = await startSupervisor([bundle], { WINDLASS_WORKERS: "1" });
  onTestFinished(() => supervisor.stop());
  return supervisor;
}

const pidsOf = async (supervisor: TestSupervisor) =>
  (await supervisor.workers()).map((line) => Number(/^\s*(\d+)/.exec(line)?.[1]));

/** The id of the worker that executed it. */
async function workerOf(supervisor: TestSupervisor, lease: Lease): Promise<unknown> {
  const { outcome } = await execute(supervisor, lease);
  expect(outcome).toBe(AttemptOutcome.SUCCEEDED);
  const started = supervisor.store.row(tokenOf(lease)).events.find(({ body }) => body.case === "attemptStarted");
  return started?.body.case === "attemptStarted" ? started.body.value.workerId : undefined;
}

it("every attempt of a task that wants it gets a process that was started before it came, and that is gone when its end is told", async () => {
  const supervisor = await start();
  const used = new Set([await workerOf(supervisor, freshLease())]);
  for (let nth = 2; nth <= 4; nth += 1) {
    // One for the slot, and one more.
    await eventually(async () => (await pidsOf(supervisor)).length === 2);
    const before = await pidsOf(supervisor);
    const startedBefore = Array.from({ length: nth + 1 }, (_, index) => `worker-${index + 1}`);
    const worker = await workerOf(supervisor, freshLease());
    expect(startedBefore).toContain(worker);
    expect(used).not.toContain(worker);
    used.add(worker);
    const left = await Promise.all(before.map(isAlive));
    expect(left.filter(Boolean)).toHaveLength(1);
  }
});

it("processes that are used again are not given to them, nor theirs to others", async () => {
  const supervisor = await start();
  const reusable = () => makeLease({ bundleHash: bundle.hash });
  const first = await workerOf(supervisor, reusable());
  const fresh = await workerOf(supervisor, freshLease());
  expect(fresh).not.toBe(first);
  const others = [await workerOf(supervisor, reusable()), await workerOf(supervisor, reusable())];
  expect(others).not.toContain(fresh);
  expect(await workerOf(supervisor, freshLease())).not.toBe(fresh);
});
