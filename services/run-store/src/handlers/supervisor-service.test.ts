import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { renewSupervisor } from "../store/renew-supervisor.ts";
import { upsertSupervisor } from "../store/upsert-supervisor.ts";
import { reasonOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";
import { INTERNAL_TOKEN } from "../testing/store-server.ts";

const { server } = await shareStoreServer();

it("every environment's key sees the cluster's supervisors, what they can do and do, and not where they are", async () => {
  await server.postgres.query({ name: "", text: "DELETE FROM supervisors" });
  const capacity = { workers: 8, vcpu: 4, memoryGb: 7.5, machines: ["micro", "small-1x"] };
  const said = { hostname: "ip-10-0-0-7", ttlMs: 60_000 };
  await upsertSupervisor(server.postgres, { ...said, id: "sup_b", sandboxTier: "runsc", capacity, release: "0.1.0" });
  await upsertSupervisor(server.postgres, { ...said, id: "sup_a", sandboxTier: "", capacity: null, release: "" });
  await renewSupervisor(server.postgres, "sup_b", { executing: 3, suspended: 2, isDraining: true });
  const seen = [];
  for (const { supervisors } of [await server.createEnvironment(), await server.createEnvironment()])
    seen.push((await supervisors.listSupervisors({})).supervisors);
  expect(seen[1]).toEqual(seen[0]);
  const [older, newer] = seen[0] ?? [];
  expect(older).toMatchObject({ id: "sup_a", release: "", executing: 0, isDraining: false });
  expect(older?.capacity).toBeUndefined();
  expect(newer).toMatchObject({
    id: "sup_b",
    sandboxTier: "runsc",
    release: "0.1.0",
    capacity,
    executing: 3,
    suspended: 2,
  });
  expect(newer?.isDraining).toBe(true);
  const [heartbeat, expire] = [newer?.heartbeatTime, newer?.expireTime].map((time) => time && timestampMs(time));
  expect((expire ?? 0) - (heartbeat ?? 0)).toBe(60_000);
  expect(
    JSON.stringify(seen, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  ).not.toContain("10-0-0-7");
});

it("pages by id", async () => {
  const { supervisors } = await server.createEnvironment();
  const first = await supervisors.listSupervisors({ pageSize: 1 });
  const second = await supervisors.listSupervisors({ pageSize: 1, pageToken: first.nextPageToken });
  expect([...first.supervisors, ...second.supervisors].map(({ id }) => id)).toEqual(["sup_a", "sup_b"]);
  expect(second.nextPageToken).toBe("");
  expect(await reasonOf(supervisors.listSupervisors({ pageToken: "nonsense" }))).toBe("FIELD_INVALID");
});

it("is nothing for a service's token, or for nobody", async () => {
  expect(await reasonOf(server.connect(INTERNAL_TOKEN).supervisors.listSupervisors({}))).toBe("NOT_PERMITTED");
  expect(await reasonOf(server.connect(undefined).supervisors.listSupervisors({}))).toBe("API_KEY_INVALID");
});
