import { describe, expectTypeOf, it } from "vitest";
import {
  batch,
  type BatchHandle,
  type BatchResult,
  type MetadataObject,
  type RunHandle,
  runs,
  task,
  type TaskRunResult,
  tasks,
  type TokenResult,
  wait,
} from "../index.ts";

interface Payload {
  readonly message: string;
}

const hello = task({ id: "hello", run: async (payload: Payload) => payload.message.length });
const bye = task({ id: "bye", run: async (payload: number) => String(payload) });
const nothing = task({ id: "nothing", run: async () => true });

describe("triggerAndWait", () => {
  it("gives the task's output, or an error", () => {
    expectTypeOf(hello.triggerAndWait({ message: "x" })).resolves.toEqualTypeOf<TaskRunResult<"hello", number>>();
    expectTypeOf(hello.triggerAndWait({ message: "x" }).unwrap()).resolves.toEqualTypeOf<number>();
    expectTypeOf(nothing.triggerAndWait).toBeCallableWith();
    expectTypeOf(
      tasks.triggerAndWait<typeof hello>("hello", { message: "x" }).unwrap(),
    ).resolves.toEqualTypeOf<number>();
    // @ts-expect-error -- the payload has a type
    void hello.triggerAndWait({ message: 1 });
    // @ts-expect-error -- another id than the task's
    void tasks.triggerAndWait<typeof hello>("bye", { message: "x" });
  });

  it("narrows by ok", () => {
    const use = (result: TaskRunResult<"hello", number>) => {
      if (result.ok) expectTypeOf(result.output).toEqualTypeOf<number>();
      else expectTypeOf(result.error).toBeUnknown();
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe("batches", () => {
  it("of one task have its types", () => {
    const items = [{ payload: { message: "x" }, options: { tags: ["a"] } }];
    expectTypeOf(hello.batchTrigger(items)).resolves.toEqualTypeOf<BatchHandle<"hello", Payload, number>>();
    expectTypeOf(hello.batchTriggerAndWait(items)).resolves.toEqualTypeOf<BatchResult<"hello", number>>();
    expectTypeOf(tasks.batchTrigger<typeof hello>("hello", items)).resolves.toEqualTypeOf<
      BatchHandle<"hello", Payload, number>
    >();
    expectTypeOf(nothing.batchTrigger).toBeCallableWith([{}]);
    // @ts-expect-error -- the payload is required
    void hello.batchTrigger([{}]);
    // @ts-expect-error -- so have the options
    void hello.batchTrigger([{ payload: { message: "x" }, options: { delay: 5 } }]);
  });

  it("of several tasks by id take each one's payload, and give each one's handle or result", () => {
    const items = [
      { id: "hello", payload: { message: "x" } },
      { id: "bye", payload: 1 },
    ] as const;
    type Both = typeof hello | typeof bye;
    expectTypeOf(batch.trigger<Both>(items))
      .resolves.toHaveProperty("runs")
      .toEqualTypeOf<readonly (RunHandle<"hello", Payload, number> | RunHandle<"bye", number, string>)[]>();
    expectTypeOf(batch.triggerAndWait<Both>(items))
      .resolves.toHaveProperty("runs")
      .toEqualTypeOf<readonly (TaskRunResult<"hello", number> | TaskRunResult<"bye", string>)[]>();
    // @ts-expect-error -- that payload belongs to the other task
    void batch.trigger<Both>([{ id: "bye", payload: { message: "x" } }]);
  });

  it("of several tasks keep their places", () => {
    const results = batch.triggerByTaskAndWait([
      { task: hello, payload: { message: "x" } },
      { task: bye, payload: 1 },
    ]);
    expectTypeOf(results)
      .resolves.toHaveProperty("runs")
      .toEqualTypeOf<readonly [TaskRunResult<"hello", number>, TaskRunResult<"bye", string>]>();
    const handles = batch.triggerByTask([{ task: hello, payload: { message: "x" } }, { task: nothing }]);
    expectTypeOf(handles)
      .resolves.toHaveProperty("runs")
      .toEqualTypeOf<
        readonly [RunHandle<"hello", Payload, number> | undefined, RunHandle<"nothing", unknown, boolean> | undefined]
      >();
    // @ts-expect-error -- that payload belongs to another task
    void batch.triggerByTask([{ task: bye, payload: { message: "x" } }]);
  });
});

describe("waits", () => {
  it("take one unit", () => {
    expectTypeOf(wait.for({ seconds: 1 })).resolves.toBeVoid();
    expectTypeOf(wait.for({ years: 1 })).resolves.toBeVoid();
    // @ts-expect-error -- there is no such unit
    void wait.for({ fortnights: 1 });
  });

  it("for tokens have the type that is named", () => {
    expectTypeOf(wait.forToken<{ a: 1 }>("token_1")).resolves.toEqualTypeOf<TokenResult<{ a: 1 }>>();
    expectTypeOf(wait.forToken<{ a: 1 }>({ id: "token_1" }).unwrap()).resolves.toEqualTypeOf<{ a: 1 }>();
  });
});

describe("runs", () => {
  it("are listed without types, and replayed with them", () => {
    expectTypeOf(runs.list({ status: ["FAILED"] })).toHaveProperty("then");
    expectTypeOf(runs.replay<typeof hello>("run_1")).resolves.toEqualTypeOf<RunHandle<string, Payload, number>>();
    expectTypeOf(runs.retrieve("run_1"))
      .resolves.toHaveProperty("metadata")
      .toEqualTypeOf<MetadataObject | undefined>();
    // @ts-expect-error -- no run has that status
    void runs.list({ status: "DONE" });
  });
});
