import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { PayloadInvalid, schemaTask, schedules, task } from "../index.ts";
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

  it("takes a function for a schema: what it returns is the payload, what it throws is what is wrong", async () => {
    schemaTask({
      id: "function",
      schema: async (payload) => {
        if (typeof payload !== "string") throw new TypeError("must be a string");
        return payload.length;
      },
      run,
    });
    await expect(taskRegistry.get("function")?.parsePayload?.("four")).resolves.toBe(4);
    const error = await issuesOf("function", 4);
    expect(error.issues).toEqual([{ path: "", message: "must be a string" }]);
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("lists by path what the error of a function lists", async () => {
    const schema = z.object({ user: z.object({ name: z.string() }) });
    schemaTask({ id: "parse", schema: (payload) => schema.parse(payload), run });
    expect((await issuesOf("parse", { user: {} })).issues).toMatchObject([{ path: "user.name" }]);
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

describe("what a payload looks like", () => {
  const described = (id: string): unknown => {
    const description = taskRegistry.get(id)?.describePayload?.();
    return description !== undefined && "json" in description ? JSON.parse(description.json) : description;
  };

  it.each([
    {
      library: "zod",
      schema: z.object({ n: z.int().positive().default(1), who: z.email().describe("whom to write") }),
    },
    { library: "arktype", schema: type({ n: "number.integer > 0 = 1", who: "string.email" }) },
  ])("is what the schema takes, as JSON Schema: $library", ({ library, schema }) => {
    schemaTask({ id: `looks-${library}`, schema, run });
    expect(described(`looks-${library}`)).toMatchObject({
      type: "object",
      properties: { n: { type: "integer", exclusiveMinimum: 0 }, who: { type: "string", format: "email" } },
      required: ["who"],
    });
  });

  it("has dates as they travel, and anything for what JSON Schema has no word for", () => {
    const schema = z.object({ on: z.date(), at: z.coerce.date(), size: z.bigint(), words: z.map(z.string(), z.any()) });
    schemaTask({ id: "dates", schema, run });
    expect(described("dates")).toMatchObject({
      properties: {
        on: { type: "string", format: "date-time" },
        at: { type: ["string", "number"], format: "date-time" },
        size: {},
        words: {},
      },
    });
  });

  it("cannot be told of a schema without Standard JSON Schema, nor of a function", () => {
    schemaTask({ id: "looks-valibot", schema: v.string(), run });
    schemaTask({ id: "looks-function", schema: String, run });
    expect(described("looks-valibot")).toEqual({ problem: "valibot has no Standard JSON Schema for it" });
    expect(described("looks-function")).toEqual({ problem: "its schema is a function" });
  });

  it("cannot be told when its JSON Schema is larger than 64 KB", () => {
    schemaTask({ id: "huge", schema: z.string().describe("x".repeat(70_000)), run });
    expect(described("huge")).toEqual({ problem: expect.stringContaining("which is more than 65536") });
  });

  it("is what jsonSchema says, whatever the schema is; a task without either says nothing", () => {
    const jsonSchema = { type: "string", minLength: 3 };
    schemaTask({ id: "told", schema: v.string(), jsonSchema, run });
    task({ id: "plain-told", jsonSchema, run });
    task({ id: "untold", run });
    expect([described("told"), described("plain-told"), described("untold")]).toEqual([
      jsonSchema,
      jsonSchema,
      undefined,
    ]);
  });

  it.each([
    { jsonSchema: [], message: 'jsonSchema of task "odd": a JSON Schema must be an object' },
    { jsonSchema: { default: 1n }, message: 'jsonSchema of task "odd": ' },
    { jsonSchema: { description: "x".repeat(70_000) }, message: "which is more than 65536" },
  ])("refuses a jsonSchema that is none or too large", ({ jsonSchema, message }) => {
    expect(() => task({ id: "odd", jsonSchema: jsonSchema as never, run })).toThrow(message);
  });

  it("is not asked of a scheduled task, whose payload is a tick", () => {
    expect(() => schedules.task({ id: "ticks", jsonSchema: {}, run } as never)).toThrow(
      '"jsonSchema" is not an option of the task "ticks"',
    );
  });
});
