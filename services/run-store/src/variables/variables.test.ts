import { createFakeClock } from "@windlass/chassis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import {
  INTERNAL_TOKEN,
  startStoreServer,
  type StoreServer,
  type TestClients,
  type TestEnvironment,
} from "../testing/store-server.ts";
import { createVariablesRevisions } from "./variables-revisions.ts";

let server: StoreServer;
let supervisor: TestClients;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer();
  supervisor = server.connect(INTERNAL_TOKEN);
});
beforeEach(async () => {
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

const set = (variables: Record<string, string>) => environment.environments.setVariables({ variables });
const seen = async () => {
  const { variables, revision } = await supervisor.execution.getVariables({ environmentId: environment.id });
  return { variables, revision };
};

describe("an environment's variables", () => {
  it("are set, changed, listed by name and deleted", async () => {
    await set({ B_2: "two", a: "one" });
    await set({ a: "uno", _c: "" });
    expect((await environment.environments.listVariables({})).variables).toEqual({ _c: "", a: "uno", B_2: "two" });
    await environment.environments.deleteVariables({ names: ["a", "NEVER_SET"] });
    expect((await environment.environments.listVariables({})).variables).toEqual({ _c: "", B_2: "two" });
  });

  it("are its own", async () => {
    await set({ KEY: "mine" });
    const other = await server.createEnvironment();
    expect((await other.environments.listVariables({})).variables).toEqual({});
    await other.environments.deleteVariables({ names: ["KEY"] });
    expect((await seen()).variables).toEqual({ KEY: "mine" });
  });

  it("are what a supervisor reads, with a revision that grows with every change and with nothing else", async () => {
    expect(await seen()).toEqual({ variables: {}, revision: 0n });
    await set({ KEY: "1" });
    expect(await seen()).toEqual({ variables: { KEY: "1" }, revision: 1n });
    await set({ KEY: "1" });
    await environment.environments.deleteVariables({ names: ["NEVER_SET"] });
    await set({});
    expect(await seen()).toEqual({ variables: { KEY: "1" }, revision: 1n });
    await set({ KEY: "2", OTHER: "1" });
    await environment.environments.deleteVariables({ names: ["KEY"] });
    expect(await seen()).toEqual({ variables: { OTHER: "1" }, revision: 3n });
  });

  it("of an environment that is none are ENVIRONMENT_NOT_FOUND", async () => {
    expect(await reasonOf(supervisor.execution.getVariables({ environmentId: "env_none" }))).toBe(
      "ENVIRONMENT_NOT_FOUND",
    );
  });

  it("keep their text, whatever it is, but for NUL", async () => {
    const pem = "-----BEGIN KEY-----\nab\tc\r\n-----END KEY-----\n\u{1F511}\u0007";
    await set({ PEM: pem });
    expect((await seen()).variables).toEqual({ PEM: pem });
  });

  it.each(["", "1ST", "WINDLASS_URL", "A-B", "A B", "Ü", "x".repeat(129)])("cannot be called %j", async (name) => {
    for (const call of [set({ [name]: "v" }), environment.environments.deleteVariables({ names: [name] })])
      expect(await reasonOf(call)).toBe("FIELD_INVALID");
  });

  it.each([
    ["longer than 32 KB", "ü".repeat(16_385)],
    ["with a NUL", "a\0b"],
  ])("cannot have a value %s, and the refusal does not repeat it", async (_, value) => {
    const failure = await failureOf(set({ KEY: value }));
    expect(failure.violations.map(({ field }) => field)).toEqual(['variables["KEY"]']);
    expect(JSON.stringify([failure.message, failure.violations])).not.toContain(value.slice(0, 3));
    await set({ KEY: "ü".repeat(16_384) });
  });

  it("are at most 1,000 and 1 MB in all; a change beyond changes nothing", async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`V${index}`, ""]));
    await set(many);
    expect((await failureOf(set({ ONE_MORE: "" }))).message).toContain("it would have 1001");
    const { variables, revision } = await seen();
    expect([Object.keys(variables).length, revision]).toEqual([1_000, 1n]);
    const large = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`V${index}`, "x".repeat(32 * 1024)]));
    expect((await failureOf(set(large))).message).toContain("1 MB");
    expect((await seen()).revision).toBe(1n);
  });

  it("are counted right also when two set them at the same time", async () => {
    const part = (prefix: string) => Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${prefix}${i}`, ""]));
    const results = await Promise.allSettled([set(part("A")), set(part("B"))]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(Object.keys((await seen()).variables)).toHaveLength(600);
  });
});

describe("the revision that a claim gets", () => {
  it("is known at once, and another replica's change reaches it within 2 s", async () => {
    const clock = createFakeClock();
    const revisions = createVariablesRevisions(server.postgres, clock);
    expect(await revisions.get(environment.id)).toBe(0n);
    await set({ KEY: "1" });
    expect(revisions.get(environment.id)).toBe(0n);
    await clock.advance(2_000);
    expect(await revisions.get(environment.id)).toBe(1n);
    expect(revisions.get(environment.id)).toBe(1n);
  });

  it("is this process' own change at once, even when an older one is just being read", async () => {
    const revisions = createVariablesRevisions(server.postgres, createFakeClock());
    const reading = revisions.get(environment.id);
    revisions.set(environment.id, 7n);
    expect(await reading).toBe(7n);
    expect(revisions.get(environment.id)).toBe(7n);
  });

  it("of an environment that is none is ENVIRONMENT_NOT_FOUND", async () => {
    const revisions = createVariablesRevisions(server.postgres, createFakeClock());
    expect(await reasonOf(Promise.resolve(revisions.get("env_none")))).toBe("ENVIRONMENT_NOT_FOUND");
  });
});
