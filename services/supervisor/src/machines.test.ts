import { randomUUID } from "node:crypto";
import { parseConfig } from "@windlass/chassis";
import { AttemptOutcome, type Lease } from "@windlass/proto";
import { expect, it, onTestFinished } from "vitest";
import { capacityOf, supervisorVariables } from "./config.ts";
import { offeredMachines } from "./driver/machine.ts";
import { cancelOf, timeline, tokenOf, untilStarted } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { continuationOf, makeLease } from "./testing/make-lease.ts";
import { testToken } from "./testing/start-peer.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();
const leaseOf = (taskId: string, machine = "small-1x", payload?: unknown) =>
  makeLease({ bundleHash: bundle.hash, taskId, machine, payload });

async function start(settings: Record<string, string>): Promise<TestSupervisor> {
  const supervisor = await startSupervisor([bundle], { WINDLASS_HEARTBEAT_INTERVAL_MS: "100", ...settings });
  onTestFinished(() => supervisor.stop());
  return supervisor;
}

const configOf = (settings: Record<string, string>) =>
  parseConfig(supervisorVariables, { WINDLASS_INTERNAL_TOKEN: testToken, ...settings });
const isReleased = ({ store }: TestSupervisor, lease: Lease) => store.row(tokenOf(lease)).isReleased;
const hasStarted = (supervisor: TestSupervisor, lease: Lease) => timeline(supervisor, lease).includes("attemptStarted");

it("a supervisor offers the machines of WINDLASS_MACHINES, and gives back a lease of another unstarted", async () => {
  const supervisor = await start({ WINDLASS_MACHINES: "micro, small-1x" });
  expect(supervisor.queue.machines()).toEqual(["micro", "small-1x"]);
  const lease = leaseOf("echo", "large-1x");
  supervisor.queue.force(lease);
  await supervisor.store.until(() => isReleased(supervisor, lease));
  expect(supervisor.store.row(tokenOf(lease)).finish).toBeUndefined();
});

it("a supervisor refuses to start with a machine that does not exist", () => {
  const machinesOf = (text: string) => configOf({ WINDLASS_MACHINES: text }).WINDLASS_MACHINES;
  expect(machinesOf("large-2x")).toEqual(["large-2x"]);
  for (const text of ["huge", "micro,micro", ","]) expect(() => machinesOf(text)).toThrow("WINDLASS_MACHINES");
});

it("a supervisor offers every machine that fits its capacity, and none that does not", () => {
  const offered = (settings: Record<string, string>) => {
    const config = configOf(settings);
    return offeredMachines(config.WINDLASS_MACHINES, capacityOf(config)).map(({ preset }) => preset);
  };
  expect(offered({})).toHaveLength(7);
  expect(offered({ WINDLASS_CAPACITY_CPU: "1" })).toEqual(["micro", "small-1x", "small-2x", "medium-1x"]);
  expect(offered({ WINDLASS_CAPACITY_CPU: "1", WINDLASS_CAPACITY_MEMORY_GB: "1.5" })).toEqual([
    "micro",
    "small-1x",
    "small-2x",
  ]);
  expect(() => offered({ WINDLASS_CAPACITY_CPU: "2", WINDLASS_MACHINES: "micro,large-1x" })).toThrow("large-1x");
  expect(() => offered({ WINDLASS_CAPACITY_MEMORY_GB: "0.1" })).toThrow("any machine");
  for (const text of ["0", "-1", "four", "1e9"]) {
    expect(() => offered({ WINDLASS_CAPACITY_CPU: text })).toThrow("WINDLASS_CAPACITY_CPU");
  }
});

it("attempts execute while their machines fit the capacity together, and no more are asked for", async () => {
  const supervisor = await start({ WINDLASS_WORKERS: "8", WINDLASS_CAPACITY_CPU: "1" });
  expect(supervisor.queue.machines()).not.toContain("medium-2x");
  const [one, two, third] = [leaseOf("hang"), leaseOf("hang"), leaseOf("echo")];
  supervisor.queue.offer(one, two);
  for (const lease of [one, two]) await untilStarted(supervisor, lease);
  supervisor.queue.force(third);
  await supervisor.store.until(() => isReleased(supervisor, third));
  expect(hasStarted(supervisor, third)).toBe(false);
  supervisor.store.answerHeartbeat = () => cancelOf(one);
  await supervisor.store.finished(tokenOf(one));
  supervisor.store.answerHeartbeat = () => ({});
  const next = leaseOf("echo");
  supervisor.queue.force(next);
  await supervisor.store.finished(tokenOf(next));
});

it("an attempt that waits leaves its vCPU to others, and goes on, before anything new, when there is room for it again", async () => {
  const supervisor = await start({ WINDLASS_WORKERS: "4", WINDLASS_CAPACITY_CPU: "0.5" });
  const waitId = randomUUID();
  const parent = leaseOf("wait", "small-1x", { id: waitId, untilMs: 1 });
  supervisor.queue.offer(parent);
  await supervisor.store.until(() => supervisor.store.row(tokenOf(parent)).waitsOver.includes(waitId));
  const other = leaseOf("hang");
  supervisor.queue.offer(other);
  await untilStarted(supervisor, other);
  const rest = continuationOf(parent, waitId);
  const late = leaseOf("echo");
  supervisor.queue.force(rest, late);
  await supervisor.store.until(() => isReleased(supervisor, late));
  expect(supervisor.store.row(tokenOf(rest)).finish).toBeUndefined();
  supervisor.store.answerHeartbeat = () => cancelOf(other);
  expect(await supervisor.store.finished(tokenOf(rest))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
});

it("a large one that lacks room is not passed by small ones for ever: room is kept for it, and then it begins", async () => {
  const supervisor = await start({ WINDLASS_WORKERS: "4", WINDLASS_CAPACITY_CPU: "1" });
  const small = leaseOf("hang");
  supervisor.queue.offer(small);
  await untilStarted(supervisor, small);
  const isOver = (lease: Lease) => supervisor.store.row(tokenOf(lease)).finish !== undefined;
  let large = leaseOf("echo", "small-2x");
  supervisor.queue.force(large);
  /** Small ones one after another; false when one had to wait so long that it was given back. */
  async function passes(): Promise<boolean> {
    const late = leaseOf("echo");
    supervisor.queue.force(late);
    await supervisor.store.until(() => isOver(late) || isReleased(supervisor, late));
    return isOver(late);
  }
  while (await passes()) expect(hasStarted(supervisor, large)).toBe(false);
  supervisor.store.answerHeartbeat = () => cancelOf(small);
  // On a slow machine it has been given back meanwhile, and comes again.
  while (!isOver(large)) {
    if (isReleased(supervisor, large)) supervisor.queue.force((large = leaseOf("echo", "small-2x")));
    await supervisor.store.until(() => isOver(large) || isReleased(supervisor, large));
  }
  expect(hasStarted(supervisor, large)).toBe(true);
});
