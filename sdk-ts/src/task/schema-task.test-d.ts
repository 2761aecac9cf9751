import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { schemaTask, type TaskOutput, type TaskPayload } from "../index.ts";

describe("the payload of a schemaTask", () => {
  it("is what a zod schema takes for who triggers, and what it makes for run and hooks", () => {
    const typed = schemaTask({
      id: "zod",
      schema: z.object({ when: z.coerce.date<string>(), count: z.number().default(1) }),
      init: async ({ payload }) => ({ at: payload.when }),
      onStart: async (payload, { ctx }) => {
        expectTypeOf(payload).toEqualTypeOf<{ when: Date; count: number }>();
        expectTypeOf(ctx.run.id).toBeString();
      },
      run: async (payload, { init, signal }) => {
        expectTypeOf(payload).toEqualTypeOf<{ when: Date; count: number }>();
        expectTypeOf(init).toEqualTypeOf<{ at: Date }>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return payload.count;
      },
      onSuccess: async (payload, output, { init }) => {
        expectTypeOf(payload.count).toBeNumber();
        expectTypeOf(output).toEqualTypeOf<number>();
        expectTypeOf(init).toEqualTypeOf<{ at: Date }>();
      },
    });
    expectTypeOf<TaskPayload<typeof typed>>().toEqualTypeOf<{ when: string; count?: number | undefined }>();
    expectTypeOf<TaskOutput<typeof typed>>().toEqualTypeOf<number>();
    expectTypeOf(typed.trigger).toBeCallableWith({ when: "2026-01-01" });
    // @ts-expect-error -- what the schema makes is not what it takes
    void typed.trigger({ when: new Date() });
    // @ts-expect-error -- the payload is required
    void typed.trigger();
  });

  it("comes from valibot", () => {
    const typed = schemaTask({
      id: "valibot",
      schema: v.object({ name: v.pipe(v.string(), v.trim()) }),
      run: async ({ name }) => name.length,
    });
    expectTypeOf<TaskPayload<typeof typed>>().toEqualTypeOf<{ name: string }>();
    expectTypeOf<TaskOutput<typeof typed>>().toEqualTypeOf<number>();
  });

  it("comes from arktype", () => {
    const typed = schemaTask({
      id: "arktype",
      schema: type({ name: "string", "age?": "number" }),
      run: async ({ name, age }) => {
        expectTypeOf(age).toEqualTypeOf<number | undefined>();
        return name;
      },
    });
    expectTypeOf(typed.trigger).toBeCallableWith({ name: "x" });
    expectTypeOf<TaskOutput<typeof typed>>().toEqualTypeOf<string>();
  });

  it("comes from a function", () => {
    const typed = schemaTask({
      id: "function",
      schema: async (payload) => ({ text: String(payload) }),
      run: async ({ text }) => text.length,
    });
    expectTypeOf<TaskPayload<typeof typed>>().toEqualTypeOf<{ text: string }>();
    expectTypeOf<TaskOutput<typeof typed>>().toEqualTypeOf<number>();
  });

  it("reaches batches and waits", () => {
    const typed = schemaTask({ id: "waits", schema: z.object({ n: z.number() }), run: async ({ n }) => `${n}` });
    expectTypeOf(typed.triggerAndWait({ n: 1 }).unwrap()).resolves.toEqualTypeOf<string>();
    expectTypeOf(typed.batchTrigger).toBeCallableWith([{ payload: { n: 1 } }]);
    // @ts-expect-error -- another payload
    void typed.batchTriggerAndWait([{ payload: { n: "1" } }]);
  });
});
