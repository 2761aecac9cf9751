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
const listed = async () => (await environment.environments.listVariables({ withSecretValues: true })).variables;
const seen = async () => {
  const { variables, revision } = await supervisor.execution.getVariables({ environmentId: environment.id });
  return { variables, revision };
};

describe("an environment's variables", () => {
  it("are set, changed, listed by name and deleted", async () => {
    await set({ B_2: "two", a: "one" });
    await set({ a: "uno", _c: "" });
    expect(await listed()).toEqual({ _c: "", a: "uno", B_2: "two" });
    await environment.environments.deleteVariables({ names: ["a", "NEVER_SET"] });
    expect(await listed()).toEqual({ _c: "", B_2: "two" });
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

describe("a variable", () => {
  it("is a secret unless told otherwise, and stays what it is until told so; that too is a change", async () => {
    await set({ SECRET: "hidden" });
    await environment.environments.setVariables({ variables: { PLAIN: "shown" }, isSecret: false });
    await set({ PLAIN: "shown too" });
    expect(await environment.environments.listVariables({})).toMatchObject({
      variables: { SECRET: "", PLAIN: "shown too" },
      secretNames: ["SECRET"],
    });
    const secretNames = async () =>
      (await supervisor.execution.getVariables({ environmentId: environment.id })).secretNames;
    expect(await secretNames()).toEqual(["SECRET"]);
    const { revision } = await seen();
    await environment.environments.setVariables({ variables: { PLAIN: "shown too" }, isSecret: true });
    expect(await secretNames()).toEqual(["PLAIN", "SECRET"]);
    expect((await seen()).revision).toBe(revision + 1n);
  });

  it("is read by name, a secret too", async () => {
    await set({ SECRET: "hidden" });
    expect(await environment.environments.getVariable({ name: "SECRET" })).toMatchObject({
      value: "hidden",
      isSecret: true,
    });
    expect(await reasonOf(environment.environments.getVariable({ name: "OTHER" }))).toBe("VARIABLE_NOT_FOUND");
    const other = await server.createEnvironment();
    expect(await reasonOf(other.environments.getVariable({ name: "SECRET" }))).toBe("VARIABLE_NOT_FOUND");
  });

  it("is updated if it is there; if not, that is VARIABLE_NOT_FOUND and nothing is made", async () => {
    await set({ KEY: "1" });
    await environment.environments.updateVariable({ name: "KEY", value: "2", isSecret: false });
    expect(await environment.environments.listVariables({})).toMatchObject({
      variables: { KEY: "2" },
      secretNames: [],
    });
    const other = environment.environments.updateVariable({ name: "OTHER", value: "2" });
    expect(await reasonOf(other)).toBe("VARIABLE_NOT_FOUND");
    expect(await listed()).toEqual({ KEY: "2" });
  });

  it("that must be new and is not is VARIABLE_EXISTS, and none of the others is set", async () => {
    const setNew = (variables: Record<string, string>) =>
      environment.environments.setVariables({ variables, mustBeNew: true });
    await setNew({ KEY: "1" });
    const failure = await failureOf(setNew({ OTHER: "2", KEY: "2" }));
    expect(failure.message).toContain("The variable KEY is set already");
    expect(await reasonOf(setNew({ KEY: "1" }))).toBe("VARIABLE_EXISTS");
    expect(await listed()).toEqual({ KEY: "1" });
  });

  it("is nowhere in its table in clear, and rows that are exchanged cannot be read", async () => {
    await set({ A: "first value", B: "second value" });
    const text = "SELECT v::text AS row, encode(sealed, 'escape') AS sealed FROM environment_variables v";
    const rows = await server.postgres.query({ name: "raw_variables", text }, []);
    expect(JSON.stringify(rows)).not.toMatch(/first value|second value/);
    const swap = `
UPDATE environment_variables v SET sealed = o.sealed FROM environment_variables o
WHERE v.environment_id = $1 AND o.environment_id = $1 AND v.name <> o.name`;
    await server.postgres.query({ name: "swap_variables", text: swap }, [environment.id]);
    expect(await reasonOf(seen())).toBe("INTERNAL");
    await environment.environments.deleteVariables({ names: ["A", "B"] });
    expect((await seen()).variables).toEqual({});
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
