import { createFakeClock, type FakeClock } from "@windlass/chassis";
import { ErrorReason, ExecutionService, type LeaseRef } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createMembership, type Membership, safetyMarginMs } from "./membership.ts";
import { type FakeStore, startFakeStore } from "./testing/fake-store.ts";
import { callError, testLogger as logger, testToken } from "./testing/start-peer.ts";

const ttlMs = 30_000;
const heartbeatIntervalMs = 5_000;

let store: FakeStore;
let clock: FakeClock;
let membership: Membership;
let channel: ReturnType<typeof createChannel>;
let held: string[];
let heard: string[];
let noted: string[];
let revoked: LeaseRef[];

beforeEach(async () => {
  store = await startFakeStore();
  clock = createFakeClock();
  channel = createChannel(store.address, { token: testToken });
  [held, heard, revoked, noted] = [[], [], [], []];
  membership = createMembership({
    client: createClient(ExecutionService, channel),
    hostname: "test",
    sandboxTier: () => "process",
    capacity: { workers: 4, vcpu: 2, memoryGb: 0, machines: ["micro"] },
    release: "0.1.0",
    ttlMs,
    heartbeatIntervalMs,
    note: (supervisorId) => noted.push(supervisorId),
    clock,
    logger,
    events: {
      heldTokens: () => held,
      load: () => ({ executing: held.length, suspended: 0, isDraining: false }),
      onCancels: (cancels) => heard.push(...cancels.map(({ reason }) => `cancel ${reason}`)),
      onRevoked: (refs) => revoked.push(...refs),
      onRegistered: () => heard.push("registered"),
      onExpired: () => heard.push("expired"),
      onDisconnected: () => heard.push("disconnected"),
    },
  });
  membership.start("sup_before");
  await store.until(() => store.heartbeats.length === 1);
  await answeredBeats(1);
});

afterEach(async () => {
  await membership.stop();
  channel.close();
  await store.stop();
  if (clock.pendingTimers > 0) throw new Error("a timer was left behind");
});

const answeredBeats = async (count: number) => {
  await store.until(() => store.heartbeats.length === count);
  // The answer is on its way back over the same line as the next push.
  store.push({ cancels: [{ $typeName: "windlass.internal.v1.CancelLease", reason: `mark ${count}` }] });
  await store.until(() => heard.includes(`cancel mark ${count}`));
};

it("registers, and says every 5 s what is held", async () => {
  held = ["a", "b"];
  await clock.advance(heartbeatIntervalMs);
  await answeredBeats(2);
  expect(store.registered).toEqual([membership.supervisorId]);
  expect(store.heartbeats).toEqual([
    { supervisorId: membership.supervisorId, leaseTokens: [] },
    { supervisorId: membership.supervisorId, leaseTokens: ["a", "b"] },
  ]);
});

it("lives as long as heartbeats are answered, and expires before the store can think so", async () => {
  for (let nth = 2; nth < 10; nth += 1) {
    await clock.advance(heartbeatIntervalMs);
    await answeredBeats(nth);
  }
  const before = membership.supervisorId;
  store.answerHeartbeat = () => undefined;
  await clock.advance(ttlMs - safetyMarginMs(ttlMs) - 1);
  expect(membership.supervisorId).toBe(before);
  await clock.advance(1);
  expect(membership.supervisorId).not.toBe(before);
  expect(heard.filter((what) => what === "expired")).toHaveLength(1);
  await store.until(() => store.registered.at(-1) === membership.supervisorId);
});

it("notes every id before it registers, and says whom it follows until the store has heard of it", async () => {
  expect(store.replaced).toEqual(["sup_before"]);
  store.cut();
  await store.until(() => store.replaced.length === 2);
  membership.expire("a test");
  await store.until(() => store.replaced.length === 3);
  expect(store.replaced).toEqual(["sup_before", "", ""]);
  expect(noted).toEqual([...new Set(store.registered)]);
});

it("asks no old heartbeat again after a break: it would name too few leases", async () => {
  store.answerHeartbeat = () => undefined;
  held = ["old"];
  await clock.advance(heartbeatIntervalMs);
  await store.until(() => store.heartbeats.length === 2);
  held = ["old", "new"];
  store.answerHeartbeat = () => ({});
  store.cut();
  await store.until(() => store.heartbeats.length === 3);
  await answeredBeats(3);
  expect(store.heartbeats.map(({ leaseTokens }) => leaseTokens)).toEqual([[], ["old"], ["old", "new"]]);
  expect(heard.filter((what) => what === "disconnected" || what === "registered")).toEqual([
    "registered",
    "disconnected",
    "registered",
  ]);
  expect(new Set(store.registered).size).toBe(1);
});

it("asks an unanswered report again after a break", async () => {
  store.answerWork = () => undefined;
  const released = [
    { $typeName: "windlass.internal.v1.LeaseRef", environmentId: "e", runId: "r", leaseToken: "t" } as const,
  ];
  const answer = membership.ask({
    case: "work",
    value: {
      $typeName: "windlass.internal.v1.WorkReport",
      progress: [],
      finished: [],
      released,
      suspended: [],
      resumed: [],
    },
  });
  store.answerWork = () => ({ lost: released });
  store.cut();
  expect((await answer).lost).toEqual(released);
});

it("begins anew when the store knows it no more, by a heartbeat or at registration", async () => {
  for (const cause of ["heartbeat", "registration"]) {
    const before = membership.supervisorId;
    if (cause === "heartbeat") {
      store.answerHeartbeat = () => ({ error: callError(ErrorReason.SUPERVISOR_EXPIRED) });
      await clock.advance(heartbeatIntervalMs);
    } else {
      store.answerRegister = () => ({ error: callError(ErrorReason.SUPERVISOR_EXPIRED) });
      store.cut();
    }
    await store.until(() => membership.supervisorId !== before);
    store.answerHeartbeat = () => ({});
    store.answerRegister = () => ({});
    await store.until(() => membership.isRegistered);
    expect(store.registered.at(-1)).toBe(membership.supervisorId);
  }
});

it("hands on cancels and revocations that come with a heartbeat's answer", async () => {
  const ref = { $typeName: "windlass.internal.v1.LeaseRef", environmentId: "e", runId: "r", leaseToken: "t" } as const;
  store.answerHeartbeat = () => ({
    revoked: [ref],
    cancels: [{ $typeName: "windlass.internal.v1.CancelLease", ref, reason: "why" }],
  });
  await clock.advance(heartbeatIntervalMs);
  await store.until(() => heard.includes("cancel why"));
  expect(revoked).toEqual([ref]);
});

it("takes its row away when it leaves, and does not wait for ever for that", async () => {
  expect(await membership.leave(1_000)).toBe(true);
  expect(store.unregistered).toEqual([membership.supervisorId]);
  store.answerUnregister = () => undefined;
  const left = membership.leave(1_000);
  await store.until(() => store.unregistered.length === 2);
  await clock.advance(1_000);
  expect(await left).toBe(false);
});
