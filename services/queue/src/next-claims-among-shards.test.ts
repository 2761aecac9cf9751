import { create } from "@bufbuild/protobuf";
import { createFakeClock } from "@windlass/chassis";
import { type ClaimRunsResponse, ClaimRunsResponseSchema } from "@windlass/proto";
import { expect, test } from "vitest";
import { CreditTurns } from "./credit-turns.ts";
import { DispatchLoop } from "./dispatch-loop.ts";
import { createQueueMetrics } from "./metrics.ts";
import { NextClaims } from "./next-claims.ts";
import { ReadyQueues } from "./ready-queues.ts";
import { Supervisors } from "./supervisors.ts";
import { noLimits, readyRun, settle } from "./testing/dispatch.ts";
import { untraced } from "./testing/parts.ts";

const line = { environmentId: "env", queue: "q", concurrencyKey: "", machineIndex: 0 };

/** Two shards that share supervisors. Claims of runs are never answered; those of runs to come as soon as they are recalled. */
function setUpShards() {
  const supervisors = new Supervisors();
  const turns = new CreditTurns(supervisors);
  const metrics = createQueueMetrics(untraced, { queues: () => [], shardCount: () => 0 });
  const shard = () => {
    const ready = new ReadyQueues(() => 0);
    ready.leasedComplete(0);
    const counts = { asked: 0, recalled: 0, claimed: 0 };
    let waiting: ((response: ClaimRunsResponse) => void)[] = [];
    const onFailure = () => expect.unreachable();
    const next: NextClaims = new NextClaims({
      ready,
      supervisors,
      telemetry: untraced,
      metrics,
      onFailure,
      claimNext: () => {
        counts.asked += 1;
        return new Promise((resolve) => waiting.push(resolve));
      },
      answerNext: () => {
        counts.recalled += 1;
        for (const answer of waiting) answer(create(ClaimRunsResponseSchema));
        waiting = [];
        return Promise.resolve();
      },
      onSettled: () => loop.wake(),
    });
    const claimRuns = (): Promise<ClaimRunsResponse> => {
      counts.claimed += 1;
      return new Promise(() => undefined);
    };
    const clock = createFakeClock();
    const parts = { ready, supervisors, turns, next, claimRuns, onFailure, clock, telemetry: untraced, metrics };
    const loop = new DispatchLoop(parts);
    return { ready, next, loop, counts };
  };
  const connect = (supervisorId: string, credits: number) => {
    const session = supervisors.open(supervisorId);
    supervisors.grant(session, credits);
    return session;
  };
  return { supervisors, connect, shard, here: shard(), there: shard() };
}

/** Whatever goes to and fro has gone some ten times. */
async function settleLong(): Promise<void> {
  for (let nth = 0; nth < 10; nth += 1) await settle();
}

test("a resume that waits for a supervisor without credits takes nothing from what is asked of others, and sends no message to and fro", async () => {
  const { here, there, connect } = setUpShards();
  connect("busy", 0);
  connect("free", 4);
  there.ready.push({ ...readyRun("resume", 1), supervisorId: "busy" });
  here.next.note(line);
  here.loop.wake();
  await settleLong();
  expect(here.counts).toEqual({ asked: 2, recalled: 0, claimed: 0 });
});

test("a resume that may not go, because its queue is paused, likewise", async () => {
  const { here, there, connect } = setUpShards();
  connect("sup", 4);
  there.ready.setQueue({ ...noLimits, isPaused: true });
  there.ready.push({ ...readyRun("resume", 1), supervisorId: "sup" });
  here.next.note(line);
  here.loop.wake();
  await settleLong();
  expect(here.counts).toEqual({ asked: 2, recalled: 0, claimed: 0 });
});

test("a resume gets the credit of its supervisor that another shard has asked runs to come for", async () => {
  const { here, there, connect, supervisors } = setUpShards();
  const session = connect("sup", 2);
  here.next.note(line);
  here.loop.wake();
  await settle();
  expect(supervisors.balance(session)).toBe(1);
  for (const runId of ["a", "b"]) there.ready.push({ ...readyRun(runId, 1), supervisorId: "sup" });
  there.loop.wake();
  await settleLong();
  expect(here.counts).toMatchObject({ recalled: 1 });
  expect(there.ready.size).toBe(0);
});

test("slots that are held for runs to come are given back while other claims are on their way", async () => {
  const { here, connect } = setUpShards();
  connect("sup", 100);
  here.ready.setEnvironment("env", 18);
  here.next.note(line);
  here.loop.wake();
  await settle();
  expect(here.counts).toMatchObject({ asked: 1 });
  here.ready.push({ ...readyRun("elsewhere", 1), environmentId: "busy env" });
  here.loop.wake();
  await settle();
  for (const runId of ["a", "b", "c"]) here.ready.push({ ...readyRun(runId, 1), queue: "other" });
  here.loop.wake();
  await settleLong();
  expect(here.counts).toMatchObject({ recalled: 1 });
});

for (const leaves of ["leaves in order", "loses its stream", "opens a newer stream"] as const) {
  test(`a supervisor that ${leaves} is asked no more runs for, also while other claims are on their way`, async () => {
    const { here, connect, supervisors } = setUpShards();
    const session = connect("sup", 8);
    here.next.note(line);
    here.loop.wake();
    await settle();
    here.ready.push(readyRun("on its way", 1));
    here.loop.wake();
    await settle();
    expect(here.counts).toEqual({ asked: 2, recalled: 0, claimed: 1 });
    if (leaves === "leaves in order") supervisors.finish(session);
    else if (leaves === "loses its stream") supervisors.end(session);
    else supervisors.open("sup");
    await settleLong();
    expect(here.counts).toMatchObject({ asked: 2, recalled: 1 });
    expect(session.claimsInFlight).toBe(1);
  });
}

test("a supervisor that does not read what it was sent is asked no more runs for", async () => {
  const { here, connect, supervisors } = setUpShards();
  const session = connect("sup", 8);
  here.next.note(line);
  here.loop.wake();
  await settle();
  expect(here.counts).toMatchObject({ asked: 2, recalled: 0 });
  for (let nth = 0; !session.isFull; nth += 1) {
    supervisors.beginClaim(session);
    supervisors.settle(session, { leases: [{ $typeName: "windlass.v1.Lease" } as never], refusedCount: 0 });
  }
  here.loop.wake();
  await settleLong();
  expect(here.counts).toMatchObject({ asked: 2, recalled: 1 });
});
