import { describe, expectTypeOf, it } from "vitest";
import {
  type InitData,
  type RunHandle,
  runs,
  type RunSnapshot,
  task,
  type TaskContext,
  type TaskOutput,
  type TaskPayload,
  tasks,
} from "../index.ts";
import type { BatchHandle, BatchResult, TaskRunResult } from "./task-types.ts";

interface Payload {
  readonly message: string;
}

const hello = task({ id: "hello", run: async (payload: Payload) => payload.message.length });

describe("a task's types", () => {
  it("come from run", () => {
    expectTypeOf<TaskPayload<typeof hello>>().toEqualTypeOf<Payload>();
    expectTypeOf<TaskOutput<typeof hello>>().toEqualTypeOf<number>();
    expectTypeOf(hello.id).toEqualTypeOf<"hello">();
  });

  it("reach trigger and its handle", () => {
    expectTypeOf(hello.trigger).toBeCallableWith({ message: "x" });
    expectTypeOf(hello.trigger).toBeCallableWith({ message: "x" }, { tags: ["a"] });
    expectTypeOf(hello.trigger({ message: "x" })).resolves.toEqualTypeOf<RunHandle<"hello", Payload, number>>();
    // @ts-expect-error -- the payload is required
    void hello.trigger();
    // @ts-expect-error -- and has a type
    void hello.trigger({ message: 1 });
    // @ts-expect-error -- so have the options
    void hello.trigger({ message: "x" }, { delay: 1 });
  });

  it("reach batches and waits", () => {
    expectTypeOf(hello.batchTrigger([{ payload: { message: "x" }, options: { tags: ["a"] } }])).resolves.toEqualTypeOf<
      BatchHandle<"hello", Payload, number>
    >();
    const result = hello.triggerAndWait({ message: "x" });
    expectTypeOf(result).resolves.toEqualTypeOf<TaskRunResult<"hello", number>>();
    expectTypeOf(result.unwrap()).resolves.toEqualTypeOf<number>();
    expectTypeOf(hello.batchTriggerAndWait([{ payload: { message: "x" } }])).resolves.toEqualTypeOf<
      BatchResult<"hello", number>
    >();
    // @ts-expect-error -- the payload is required
    void hello.triggerAndWait();
    // @ts-expect-error -- in batches too
    void hello.batchTrigger([{}]);
    // @ts-expect-error -- and has a type
    void hello.batchTriggerAndWait([{ payload: { message: 1 } }]);
    const noPayload = task({ id: "no-payload", run: async () => "done" });
    expectTypeOf(noPayload.batchTrigger).toBeCallableWith([{}]);
  });

  it("reach tasks.trigger by the type alone", () => {
    expectTypeOf(tasks.trigger<typeof hello>("hello", { message: "x" })).resolves.toEqualTypeOf<
      RunHandle<"hello", Payload, number>
    >();
    // @ts-expect-error -- another id than the task's
    void tasks.trigger<typeof hello>("bye", { message: "x" });
    // @ts-expect-error -- another payload than the task's
    void tasks.trigger<typeof hello>("hello", {});
  });

  it("reach runs through handles, and by the type alone", () => {
    const handle = {} as RunHandle<"hello", Payload, number>;
    expectTypeOf(runs.retrieve(handle)).resolves.toEqualTypeOf<RunSnapshot<Payload, number>>();
    expectTypeOf(runs.poll(handle)).resolves.toHaveProperty("output").toEqualTypeOf<number | undefined>();
    expectTypeOf(runs.retrieve<typeof hello>("run_1")).resolves.toEqualTypeOf<RunSnapshot<Payload, number>>();
    expectTypeOf(runs.retrieve("run_1")).resolves.toEqualTypeOf<RunSnapshot>();
    expectTypeOf(runs.subscribeToRun(handle)).toEqualTypeOf<
      AsyncGenerator<RunSnapshot<Payload, number>, void, undefined>
    >();
  });

  it("let a task without payload be triggered without", () => {
    const noPayload = task({ id: "no-payload", run: async () => "done" });
    expectTypeOf(noPayload.trigger).toBeCallableWith();
    const optional = task({ id: "optional", run: async (payload: Payload | undefined) => payload });
    expectTypeOf(optional.trigger).toBeCallableWith();
    expectTypeOf(optional.trigger).toBeCallableWith({ message: "x" });
  });

  it("take outputs that are not promises", () => {
    const sync = task({ id: "sync", run: () => 1 });
    expectTypeOf<TaskOutput<typeof sync>>().toEqualTypeOf<number>();
  });
});

describe("hooks of a task", () => {
  it("are typed in the positional form", () => {
    task({
      id: "positional",
      init: async (payload, { ctx }) => {
        expectTypeOf(payload).toBeUnknown();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        return { db: "connection" };
      },
      run: async (payload: Payload, { ctx, init, signal }) => {
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return payload.message.length;
      },
    });
    task({
      id: "positional",
      run: async (payload: Payload, { ctx }) => ctx.attempt.number + payload.message.length,
      onStart: async (payload, { ctx }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      },
      onSuccess: async (payload, output, { ctx, init }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(output).toEqualTypeOf<number>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        expectTypeOf(init).toEqualTypeOf<InitData>();
      },
      onFailure: async (payload, error, { ctx }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(error).toBeUnknown();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      },
      onComplete: async (payload, output, { result }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(output).toEqualTypeOf<number | undefined>();
        if (result.ok) expectTypeOf(result.data).toEqualTypeOf<number>();
        else expectTypeOf(result.error).toBeUnknown();
      },
      cleanup: async (payload, { ctx }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      },
    });
  });

  it("are typed in the object form", () => {
    task({
      id: "object",
      init: ({ ctx, signal, task }) => {
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(task).toBeString();
        return { db: "connection" };
      },
      run: async (payload: Payload) => payload.message.length,
      onStart: ({ payload, init }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
      },
      onSuccess: ({ payload, output, init }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(output).toEqualTypeOf<number>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
      },
      onFailure: ({ error }) => expectTypeOf(error).toBeUnknown(),
      onComplete: ({ result }) => {
        if (result.ok) expectTypeOf(result.data).toEqualTypeOf<number>();
      },
      cleanup: ({ init }) => expectTypeOf(init).toEqualTypeOf<{ db: string }>(),
    });
  });

  it("may name the payload themselves, also above run", () => {
    const above = task({
      id: "above",
      onSuccess: async (payload: Payload, output: number, { ctx }) => `${payload.message} ${output} ${ctx.run.id}`,
      run: async (payload: Payload) => payload.message.length,
    });
    expectTypeOf<TaskPayload<typeof above>>().toEqualTypeOf<Payload>();
    expectTypeOf<TaskOutput<typeof above>>().toEqualTypeOf<number>();
  });

  it("must expect what run takes and gives", () => {
    const wrong = task({
      id: "wrong-payload",
      // @ts-expect-error -- The payload that a hook expects is not the payload of this task
      run: async (payload: Payload) => payload.message,
      onStart: async (payload: { other: string }, { ctx }) => `${payload.other} ${ctx.run.id}`,
    });
    task({
      id: "wrong-output",
      onSuccess: async (_payload: Payload, output: string) => output,
      // @ts-expect-error -- The output that a hook expects is not the output of this task
      run: async (payload: Payload) => payload.message.length,
    });
    expectTypeOf(wrong.id).toBeString();
  });
});

describe("global hooks", () => {
  it("are typed in both forms, named or not", () => {
    tasks.onStart(({ ctx, payload, task }) => {
      expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      expectTypeOf(payload).toBeUnknown();
      expectTypeOf(task).toBeString();
    });
    tasks.onSuccess("named", ({ output, init }) => {
      expectTypeOf(output).toBeUnknown();
      expectTypeOf(init).toEqualTypeOf<InitData>();
    });
    tasks.onFailure(async (payload, error, { ctx }) => {
      expectTypeOf(payload).toBeUnknown();
      expectTypeOf(error).toBeUnknown();
      expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
    });
    tasks.onComplete("named", (_payload, output, { result }) => {
      expectTypeOf(output).toBeUnknown();
      expectTypeOf(result.ok).toBeBoolean();
    });
  });
});
