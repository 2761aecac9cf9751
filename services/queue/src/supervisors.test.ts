import { create } from "@bufbuild/protobuf";
import { ErrorReason, type Lease, LeaseSchema } from "@windlass/proto";
import { expect, test } from "vitest";
import { MAX_CLAIMS_IN_FLIGHT } from "./dispatch-loop.ts";
import type { LeaseSession } from "./lease-session.ts";
import { MAX_NEXT_CLAIMS } from "./next-claims.ts";
import { Supervisors } from "./supervisors.ts";

function leasesOf(...runIds: string[]): Lease[] {
  return runIds.map((runId) => create(LeaseSchema, { ref: { runId } }));
}

async function nextRunIds(session: LeaseSession): Promise<string[] | undefined> {
  const { value } = await session.next();
  return value?.leases.map(({ ref }) => ref?.runId ?? "");
}

function beginClaims(supervisors: Supervisors, session: LeaseSession, count: number): void {
  for (let index = 0; index < count; index += 1) supervisors.beginClaim(session);
}

test("credits are used by claims and come back when a claim gives no lease", () => {
  const supervisors = new Supervisors();
  const session = supervisors.open("sup");
  supervisors.grant(session, 2);
  beginClaims(supervisors, session, 2);
  expect(supervisors.choose()).toBeUndefined();
  supervisors.settle(session, { leases: leasesOf("a"), refusedCount: 1 });
  expect(supervisors.choose()).toBe(session);
  expect(supervisors.balance(session)).toBe(1);
});

test("credits end with the stream", () => {
  const supervisors = new Supervisors();
  const session = supervisors.open("sup");
  supervisors.grant(session, 5);
  supervisors.end(session);
  expect(supervisors.choose()).toBeUndefined();
  supervisors.settle(session, { leases: [], refusedCount: 1 });
  expect(supervisors.choose()).toBeUndefined();
  expect(supervisors.size).toBe(0);
});

test("a newer stream of a supervisor takes the older one's place", async () => {
  const supervisors = new Supervisors();
  const older = supervisors.open("sup");
  supervisors.grant(older, 5);
  const newer = supervisors.open("sup");
  await expect(older.next()).rejects.toMatchObject({ reason: ErrorReason.NOT_READY });
  supervisors.end(older);
  supervisors.grant(newer, 1);
  expect(supervisors.choose()).toBe(newer);
  expect(supervisors.size).toBe(1);
});

test("when a stream is cut between claim and push, the supervisor's newer stream takes what its credits allow", async () => {
  const supervisors = new Supervisors();
  const older = supervisors.open("sup");
  supervisors.grant(older, 3);
  beginClaims(supervisors, older, 3);
  supervisors.end(older);
  const newer = supervisors.open("sup");
  supervisors.grant(newer, 2);
  expect(supervisors.settle(older, { leases: leasesOf("a", "b", "c"), refusedCount: 0 })).toBe(1);
  await expect(nextRunIds(newer)).resolves.toEqual(["a", "b"]);
  expect(supervisors.balance(newer)).toBe(0);
});

test("when a stream is cut between claim and push and none follows, the leases are counted as undelivered", () => {
  const supervisors = new Supervisors();
  const session = supervisors.open("sup");
  supervisors.grant(session, 2);
  beginClaims(supervisors, session, 2);
  supervisors.end(session);
  expect(supervisors.settle(session, { leases: leasesOf("a", "b"), refusedCount: 0 })).toBe(2);
});

test("a supervisor that wants no more gets what is being claimed for it, then the end", async () => {
  const supervisors = new Supervisors();
  const session = supervisors.open("sup");
  supervisors.grant(session, 3);
  beginClaims(supervisors, session, 2);
  supervisors.finish(session);
  expect(supervisors.choose()).toBeUndefined();
  supervisors.settle(session, { leases: leasesOf("a"), refusedCount: 0 });
  await expect(nextRunIds(session)).resolves.toEqual(["a"]);
  supervisors.settle(session, { leases: [], refusedCount: 1 });
  await expect(nextRunIds(session)).resolves.toBeUndefined();
});

test("nothing is claimed for a supervisor that does not read, until it does", async () => {
  const supervisors = new Supervisors();
  const session = supervisors.open("sup");
  supervisors.grant(session, 10);
  for (const runId of ["a", "b"]) {
    expect(supervisors.choose()).toBe(session);
    supervisors.beginClaim(session);
    supervisors.settle(session, { leases: leasesOf(runId), refusedCount: 0 });
  }
  expect(supervisors.choose()).toBeUndefined();
  let wakes = 0;
  supervisors.onCredits(() => (wakes += 1));
  await expect(nextRunIds(session)).resolves.toEqual(["a"]);
  expect(wakes).toBe(1);
  expect(supervisors.choose()).toBe(session);
});

test("all that was claimed for a supervisor before it stopped reading still reaches it", async () => {
  const supervisors = new Supervisors();
  const session = supervisors.open("sup");
  const shards = 8;
  const messages = Array.from({ length: shards * (MAX_CLAIMS_IN_FLIGHT + MAX_NEXT_CLAIMS) }, (_, nth) => `run${nth}`);
  supervisors.grant(session, messages.length);
  beginClaims(supervisors, session, messages.length);
  for (const runId of messages)
    expect(supervisors.settle(session, { leases: leasesOf(runId), refusedCount: 0 })).toBe(0);
  for (const runId of messages) expect(await nextRunIds(session)).toEqual([runId]);
});
