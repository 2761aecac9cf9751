import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { PayloadInvalid, schemaTask } from "../index.ts";
import { taskRegistry } from "./task-registry.ts";

const run = async (): Promise<void> => {};

async function issuesOf(id: string, payload: unknown): Promise<PayloadInvalid> {
  const parsing = taskRegistry.get(id)?.parsePayload?.(payload);
  const error: unknown = await parsing?.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(PayloadInvalid);
  return error as PayloadInvalid;
}

describe("schemaTask", () => {
  it.each([
    { library: "zod", schema: z.object({ user: z.object({ emails: z.array(z.string()) }) }) },
    { library: "valibot", schema: v.object({ user: v.object({ emails: v.array(v.string()) }) }) },
    { library: "arktype", schema: type({ user: { emails: "string[]" } }) },
  ])("lists issues by path: $library", async ({ library, schema }) => {
    schemaTask({ id: library, schema, run });
    const error = await issuesOf(library, { user: { emails: ["a", 1] } });
    expect(error.issues.map(({ path }) => path)).toEqual(["user.emails[1]"]);
    expect(error.message).toContain(`the payload does not match the schema of task "${library}": user.emails[1]: `);
    await expect(taskRegistry.get(library)?.parsePayload?.({ user: { emails: ["a"] } })).resolves.toEqual({
      user: { emails: ["a"] },
    });
  });

  it("gives what the schema makes of the payload, also when that takes time", async () => {
    const schema = z.object({ n: z.coerce.number() }).transform(async ({ n }) => ({ doubled: n * 2 }));
    schemaTask({ id: "transforms", schema, run });
    await expect(taskRegistry.get("transforms")?.parsePayload?.({ n: "21" })).resolves.toEqual({ doubled: 42 });
  });

  it("names the payload itself, and keys that are no names", async () => {
    schemaTask({ id: "whole", schema: z.string(), run });
    expect((await issuesOf("whole", 1)).issues[0]?.path).toBe("");
    schemaTask({ id: "keys", schema: z.object({ "a key": z.string() }), run });
    expect((await issuesOf("keys", {})).issues[0]?.path).toBe('["a key"]');
  });

  it("keeps the first 50 issues, and says that there are more", async () => {
    schemaTask({ id: "many", schema: z.array(z.string()), run });
    const error = await issuesOf(
      "many",
      Array.from({ length: 80 }, () => 1),
    );
    expect(error.issues).toHaveLength(50);
    expect(error.message).toMatch(/and 75 more$/);
  });

  it("lets what a schema throws be thrown", async () => {
    const schema = z.string().refine(() => {
      throw new Error("the database is away");
    });
    schemaTask({ id: "throws", schema, run });
    await expect(taskRegistry.get("throws")?.parsePayload?.("x")).rejects.toThrow("the database is away");
  });

  it("takes the options of a task", () => {
    schemaTask({ id: "options", schema: z.string(), description: "Chat", queue: { concurrencyLimit: 2 }, run });
    expect(taskRegistry.get("options")).toMatchObject({ description: "Chat", queue: { concurrencyLimit: 2 } });
  });

  it.each([{ schema: undefined }, { schema: {} }, { schema: { "~standard": {} } }, { schema: "string" }])(
    "refuses a schema of no known kind: $schema",
    ({ schema }) => {
      expect(() => schemaTask({ id: "bad", schema: schema as never, run })).toThrow(
        'schema of task "bad" must be one that implements Standard Schema',
      );
      expect(taskRegistry.get("bad")).toBeUndefined();
    },
  );
});
