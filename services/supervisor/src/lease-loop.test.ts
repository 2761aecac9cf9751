import { createServiceClient, systemClock } from "@windlass/chassis";
import { type Lease, LeaseService } from "@windlass/proto";
import { expect, onTestFinished, test, vi } from "vitest";
import { machinePresets } from "./driver/machine.ts";
import { createLeaseLoop } from "./lease-loop.ts";
import { startFakeQueue } from "./testing/fake-queue.ts";
import { continuationOf, makeLease } from "./testing/make-lease.ts";
import { testLogger, testToken } from "./testing/start-peer.ts";

async function setUp(wanted: number, machines: readonly string[] = machinePresets) {
  const queues = [await startFakeQueue(), await startFakeQueue()] as const;
  const clients = queues.map(({ address }) => createServiceClient(LeaseService, { address, token: testToken }));
  const runIds: string[] = [];
  const unoffered: string[] = [];
  const idOf = (lease: Lease): string => lease.ref?.runId ?? "";
  const loop = createLeaseLoop({
    clients,
    capacity: () => ({ wanted, held: runIds.length }),
    onLeases: (leases) => {
      runIds.push(...leases.map(idOf));
      loop.update();
    },
    machines,
    onUnoffered: (lease) => unoffered.push(idOf(lease)),
    onState: () => undefined,
    onExpired: () => undefined,
    clock: systemClock,
    logger: testLogger,
  });
  onTestFinished(async () => {
    await loop.close();
    for (const client of clients) client.close();
    await Promise.all(queues.map((queue) => queue.stop()));
  });
  loop.open("sup_1");
  await eventually(() => expect(queues.map((queue) => queue.isOpen())).toEqual([true, true]));
  return { queues, loop, runIds, unoffered, idOf };
}

function eventually(condition: () => void): Promise<void> {
  return vi.waitFor(condition, { timeout: 5_000, interval: 5 });
}

test("every queue service has credits, and pushes leases", async () => {
  const { queues, runIds, idOf } = await setUp(4);
  const [first, second] = queues;
  await eventually(() => expect(Math.min(first.credits(), second.credits())).toBeGreaterThanOrEqual(2));
  const leases = [makeLease(), makeLease()] as const;
  first.offer(leases[0]);
  second.offer(leases[1]);
  await eventually(() => expect(runIds.toSorted()).toEqual(leases.map(idOf)));
});

test("one queue service that is down does not hold the others", async () => {
  const { queues, loop, runIds, idOf } = await setUp(4);
  const [first, second] = queues;
  await first.stop();
  const leases = [makeLease(), makeLease(), makeLease(), makeLease()];
  second.offer(...leases);
  await eventually(() => expect(runIds).toEqual(leases.map(idOf)));
  expect(loop.isConnected).toBe(true);
});

test("every queue service is told which machines are offered", async () => {
  const { queues } = await setUp(1, ["micro", "large-1x"]);
  await eventually(() => {
    for (const queue of queues) expect(queue.machines()).toEqual(["micro", "large-1x"]);
  });
});

test("a lease of a machine that is not offered is given back, unless it continues a process that is here", async () => {
  const { queues, runIds, unoffered, idOf } = await setUp(8, ["micro"]);
  const [first] = queues;
  const offered = makeLease({ machine: "micro" });
  const stray = makeLease({ machine: "large-1x" });
  const nameless = makeLease({ machine: "" });
  const resumed = continuationOf(makeLease({ machine: "large-1x" }), "wait_1");
  first.force(stray, offered, nameless, resumed);
  await eventually(() => expect(runIds).toEqual([offered, resumed].map(idOf)));
  expect(unoffered).toEqual([stray, nameless].map(idOf));
});
