import { create } from "@bufbuild/protobuf";
import {
  ApplyDueRequestSchema,
  ClaimRunsRequestSchema,
  HeartbeatSchema,
  HoldShardsRequestSchema,
  ListDueRequestSchema,
  RegisterSupervisorSchema,
  WatchDueRequestSchema,
  WatchQueuedRequestSchema,
} from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { parseClaimRuns, parseHoldShards, parseWatchQueued } from "./claim-requests.ts";
import { dueToken, parseApplyDue, parseListDue, parseWatchDue } from "./due-requests.ts";
import { parseHeartbeat, parseRegisterSupervisor } from "./supervisor-requests.ts";

const TOKEN = "11111111-1111-1111-1111-111111111111";
const HOSTILE = ["", "a\0b", "a*b", "a>b", "a.b", "a/b", "x".repeat(65), "\uD800"];

/** The fields that a request is refused for. */
function fieldsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof CallFailure) return error.violations.map(({ field }) => field);
    throw error;
  }
  throw new Error("the request was not refused");
}

describe("hellos of queue services", () => {
  it("name the caller, where it answers, and shards that there are", () => {
    const hello = { queueServiceId: "queue_1", address: "host:7000", releasedShards: [0, 7] };
    expect(parseHoldShards(create(HoldShardsRequestSchema, hello))).toEqual({
      id: "queue_1",
      address: "host:7000",
      released: [0, 7],
    });
    const bad = create(HoldShardsRequestSchema, { releasedShards: [8, -1] });
    expect(fieldsOf(() => parseHoldShards(bad))).toEqual([
      "queue_service_id",
      "address",
      "released_shards[0]",
      "released_shards[1]",
    ]);
    const watch = create(WatchQueuedRequestSchema, { queueServiceId: "queue_1", shard: 8 });
    expect(fieldsOf(() => parseWatchQueued(watch))).toEqual(["shard"]);
  });
});

describe("claims", () => {
  const claim = { environmentId: "env_1", runId: "run_1", supervisorId: "sup_1" };
  it("are checked item by item; a traceparent that is none is dropped", () => {
    const request = create(ClaimRunsRequestSchema, { epoch: 1n, claims: [{ ...claim, traceparent: "junk" }] });
    expect(parseClaimRuns(request).claims).toMatchObject([{ ...claim, traceparent: "" }]);
    expect(fieldsOf(() => parseClaimRuns(create(ClaimRunsRequestSchema, { epoch: -1n, claims: [claim] })))).toEqual([
      "epoch",
    ]);
    expect(fieldsOf(() => parseClaimRuns(create(ClaimRunsRequestSchema, {})))).toEqual(["claims"]);
    const many = Array.from({ length: 1_001 }, () => claim);
    expect(fieldsOf(() => parseClaimRuns(create(ClaimRunsRequestSchema, { claims: many })))).toEqual(["claims"]);
  });

  it.each(HOSTILE)("refuse ids that are none: %j", (id) => {
    const claims = [claim, { environmentId: id, runId: id, supervisorId: id }];
    expect(fieldsOf(() => parseClaimRuns(create(ClaimRunsRequestSchema, { claims })))).toEqual([
      "claims[1].environment_id",
      "claims[1].run_id",
      "claims[1].supervisor_id",
    ]);
  });

  it("need a named owner of the queue", () => {
    expect(parseWatchQueued(create(WatchQueuedRequestSchema, { queueServiceId: "host/1" }))).toEqual({
      owner: "host/1",
      shard: 0,
    });
    expect(fieldsOf(() => parseWatchQueued(create(WatchQueuedRequestSchema)))).toEqual(["queue_service_id"]);
  });
});

describe("due work", () => {
  it("has bounded horizons and pages, and tokens of its own", () => {
    const list = (init: Parameters<typeof create<typeof ListDueRequestSchema>>[1]) =>
      parseListDue(create(ListDueRequestSchema, init));
    expect(list({})).toEqual({ after: { dueTimeUs: 0, id: "" }, horizonMs: 0, size: 1_000 });
    const after = { dueTimeUs: 1_700_000_000_123_456, id: "run_1" };
    expect(list({ horizonMs: 5n, pageSize: 7, pageToken: dueToken(after) })).toEqual({ after, horizonMs: 5, size: 7 });
    expect(fieldsOf(() => list({ horizonMs: -1n, pageSize: 10_001, pageToken: "junk" }))).toEqual([
      "horizon_ms",
      "page_size",
      "page_token",
    ]);
    expect(fieldsOf(() => parseWatchDue(create(WatchDueRequestSchema, { horizonMs: 3_600_001n })))).toEqual([
      "horizon_ms",
    ]);
  });

  it("is applied once an item, in the order of the keys", () => {
    const run = (runId: string, environmentId = "env_b") =>
      ({ item: { case: "run", value: { environmentId, runId } } }) as const;
    const supervisor = { item: { case: "supervisor", value: { supervisorId: "sup_1" } } } as const;
    const token = (tokenId: string) =>
      ({ item: { case: "token", value: { environmentId: "env_b", tokenId } } }) as const;
    const runs = [run("run_2"), run("run_1"), run("run_2"), run("run_9", "env_a")];
    const schedule = (scheduleId: string) =>
      ({ item: { case: "schedule", value: { environmentId: "env_b", scheduleId } } }) as const;
    const expiry = (runId: string) => ({ item: { case: "expiry", value: { environmentId: "env_b", runId } } }) as const;
    const schedules = [schedule("sched_2"), schedule("sched_1"), schedule("sched_2")];
    const expiries = [expiry("run_2"), expiry("run_1"), expiry("run_1")];
    const tokens = [token("token_2"), token("token_1"), token("token_2")];
    const items = [...runs, supervisor, supervisor, ...tokens, ...schedules, ...expiries];
    expect(parseApplyDue(create(ApplyDueRequestSchema, { items }))).toEqual({
      runs: [
        { environmentId: "env_a", runId: "run_9" },
        { environmentId: "env_b", runId: "run_1" },
        { environmentId: "env_b", runId: "run_2" },
      ],
      supervisorIds: ["sup_1"],
      tokens: [
        { environmentId: "env_b", tokenId: "token_1" },
        { environmentId: "env_b", tokenId: "token_2" },
      ],
      schedules: [
        { environmentId: "env_b", scheduleId: "sched_1" },
        { environmentId: "env_b", scheduleId: "sched_2" },
      ],
      expiries: [
        { environmentId: "env_b", runId: "run_1" },
        { environmentId: "env_b", runId: "run_2" },
      ],
    });
    expect(fieldsOf(() => parseApplyDue(create(ApplyDueRequestSchema, { items: [{}, run("a\0")] })))).toEqual([
      "items[0]",
      "items[1].run.run_id",
    ]);
    const many = Array.from({ length: 1_001 }, () => supervisor);
    expect(fieldsOf(() => parseApplyDue(create(ApplyDueRequestSchema, { items: many })))).toEqual(["items"]);
  });
});

describe("supervisors", () => {
  const valid = { supervisorId: "sup_1", hostname: "host", sandboxTier: "process", ttl: { seconds: 30n } };
  it("register with a name, a tier and a sane TTL", () => {
    expect(parseRegisterSupervisor(create(RegisterSupervisorSchema, valid))).toEqual({
      id: "sup_1",
      hostname: "host",
      sandboxTier: "process",
      ttlMs: 30_000,
      replacesId: "",
      capacity: null,
      release: "",
    });
    const follows = create(RegisterSupervisorSchema, { ...valid, replacesSupervisorId: "sup_0" });
    expect(parseRegisterSupervisor(follows)).toMatchObject({ id: "sup_1", replacesId: "sup_0" });
    const bad = {
      supervisorId: "a/b",
      hostname: "",
      sandboxTier: "\0",
      ttl: { seconds: -5n },
      replacesSupervisorId: "c/d",
    };
    expect(fieldsOf(() => parseRegisterSupervisor(create(RegisterSupervisorSchema, bad)))).toEqual([
      "register.supervisor_id",
      "register.hostname",
      "register.sandbox_tier",
      "register.ttl",
      "register.replaces_supervisor_id",
    ]);
    const noTtl = { supervisorId: "sup_1", hostname: "host", sandboxTier: "process" };
    expect(fieldsOf(() => parseRegisterSupervisor(create(RegisterSupervisorSchema, noTtl)))).toEqual(["register.ttl"]);
  });

  it("say what they can execute at once, in numbers that make sense", () => {
    const capacity = { workers: 8, vcpu: 4.5, memoryGb: 0, machines: ["micro", "small-1x"] };
    const told = create(RegisterSupervisorSchema, { ...valid, capacity, release: "0.1.0" });
    expect(parseRegisterSupervisor(told)).toMatchObject({ capacity, release: "0.1.0" });
    const bad = { workers: 0, vcpu: Number.NaN, memoryGb: -1, machines: ["micro", ""] };
    const nonsense = create(RegisterSupervisorSchema, { ...valid, capacity: bad, release: "x".repeat(65) });
    expect(fieldsOf(() => parseRegisterSupervisor(nonsense)).toSorted()).toEqual([
      "register.capacity.machines[1]",
      "register.capacity.memory_gb",
      "register.capacity.vcpu",
      "register.capacity.workers",
      "register.release",
    ]);
  });

  it("hold what has the form of a token", () => {
    const heartbeat = { leaseTokens: [TOKEN, ...HOSTILE], executing: 2, suspended: 1, isDraining: true };
    expect(parseHeartbeat(create(HeartbeatSchema, heartbeat))).toEqual({ ...heartbeat, leaseTokens: [TOKEN] });
    expect(fieldsOf(() => parseHeartbeat(create(HeartbeatSchema, { executing: -1 })))).toEqual(["heartbeat.executing"]);
    const many = Array.from({ length: 100_001 }, () => TOKEN);
    expect(fieldsOf(() => parseHeartbeat(create(HeartbeatSchema, { leaseTokens: many })))).toEqual([
      "heartbeat.lease_tokens",
    ]);
  });
});
