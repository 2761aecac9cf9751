import { describe, expectTypeOf, it } from "vitest";
import {
  AbortTaskRunError,
  type HandleErrorDecision,
  type InitData,
  task,
  type TaskContext,
  type TaskOutput,
  type TaskPayload,
  type TaskWait,
  tasks,
} from "../index.ts";

interface Payload {
  readonly message: string;
}

const run = async (payload: Payload): Promise<number> => payload.message.length;

describe("every hook of a task is typed", () => {
  it("in the object form", () => {
    task({
      id: "object",
      init: async ({ payload, ctx }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        return { db: "connection" };
      },
      run,
      middleware: async ({ payload, ctx, next, task, signal }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        expectTypeOf(next).toEqualTypeOf<() => Promise<void>>();
        expectTypeOf(task).toBeString();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        await next();
      },
      onStartAttempt: ({ payload, init }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
      },
      onWait: async ({ wait, payload, init, ctx }) => {
        expectTypeOf(wait).toEqualTypeOf<TaskWait>();
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        if (wait.type === "duration") expectTypeOf(wait.date).toEqualTypeOf<Date>();
        else if (wait.type === "batch") expectTypeOf(wait.runCount).toBeNumber();
      },
      onResume: ({ wait }) => expectTypeOf(wait).toEqualTypeOf<TaskWait>(),
      onCancel: async ({ runPromise, signal, init }) => {
        expectTypeOf(await runPromise).toEqualTypeOf<number>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
      },
      handleError: async ({ error, retry, retryAt, retryDelayInMs, init }) => {
        expectTypeOf(error).toBeUnknown();
        expectTypeOf(retry.maxAttempts).toBeNumber();
        expectTypeOf(retryAt).toEqualTypeOf<Date | undefined>();
        expectTypeOf(retryDelayInMs).toEqualTypeOf<number | undefined>();
        expectTypeOf(init).toEqualTypeOf<{ db: string }>();
        return { skipRetrying: true };
      },
    });
  });

  it("in the positional form", () => {
    task({
      id: "positional",
      run,
      middleware: async (payload, { ctx, next }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        await next();
      },
      onStartAttempt: async (payload, { ctx }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      },
      onWait: async (payload, { wait }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(wait).toEqualTypeOf<TaskWait>();
      },
      onResume: async (_payload, { wait, init }) => {
        expectTypeOf(wait).toEqualTypeOf<TaskWait>();
        expectTypeOf(init).toEqualTypeOf<InitData>();
      },
      onCancel: async (payload, { runPromise }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(runPromise).toEqualTypeOf<Promise<number>>();
      },
      catchError: async (payload, error, { ctx, retry, retryAt, retryDelayInMs }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(error).toBeUnknown();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        expectTypeOf(retry.factor).toBeNumber();
        expectTypeOf(retryAt).toEqualTypeOf<Date | undefined>();
        expectTypeOf(retryDelayInMs).toEqualTypeOf<number | undefined>();
      },
    });
  });

  it("and leaves the task's own types alone", () => {
    const canceled = task({ id: "own", onCancel: async ({ runPromise }) => void (await runPromise), run });
    expectTypeOf<TaskPayload<typeof canceled>>().toEqualTypeOf<Payload>();
    expectTypeOf<TaskOutput<typeof canceled>>().toEqualTypeOf<number>();
  });
});

describe("the order in which options are written", () => {
  const sideEffect = (): void => {};

  it("does not matter to an init that returns nothing: there is no init data then", () => {
    const below = task({
      id: "below",
      run,
      init: ({ payload }) => void expectTypeOf(payload).toEqualTypeOf<Payload>(),
    });
    expectTypeOf<TaskPayload<typeof below>>().toEqualTypeOf<Payload>();
    task({
      id: "below",
      run: async (payload: Payload, { init }) => {
        expectTypeOf(init).toEqualTypeOf<InitData>();
        return payload.message;
      },
      init: ({ payload }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        sideEffect();
      },
      cleanup: ({ init }) => expectTypeOf(init).toEqualTypeOf<InitData>(),
    });
    task({
      id: "above",
      init: async () => sideEffect(),
      run: async (payload: Payload, { init }) => {
        expectTypeOf(init).toBeUndefined();
        return payload.message;
      },
      cleanup: ({ init }) => expectTypeOf(init).toBeUndefined(),
    });
  });

  it("does not matter to hooks in the object form that name the payload", () => {
    const above = task({
      id: "above",
      middleware: async ({ next }) => next(),
      init: ({ payload }: { payload: Payload }) => ({ length: payload.message.length }),
      run: async (payload: Payload, { init, ctx }) => {
        expectTypeOf(init).toEqualTypeOf<{ length: number }>();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
        return payload.message.length;
      },
      onSuccess: ({ payload, output }) => {
        expectTypeOf(payload).toEqualTypeOf<Payload>();
        expectTypeOf(output).toBeNumber();
      },
    });
    expectTypeOf<TaskPayload<typeof above>>().toEqualTypeOf<Payload>();
    expectTypeOf<TaskOutput<typeof above>>().toEqualTypeOf<number>();
    task({
      id: "above",
      middleware: async ({ payload, next }: { payload: Payload; next: () => Promise<void> }) => {
        if (payload.message !== "") await next();
      },
      onStart: ({ payload }: { payload: Payload }) => void payload.message,
      run: async (payload: Payload, { signal }) => (signal.aborted ? "" : payload.message),
    });
    task({
      id: "wrong",
      init: ({ payload }: { payload: { other: string } }) => ({ other: payload.other }),
      // @ts-expect-error -- The payload that a hook expects is not the payload of this task
      run: async (payload: Payload, { init }) => `${payload.message} ${init.other}`,
    });
  });
});

describe("handleError", () => {
  it("may decide in each way, or not at all", () => {
    task({ id: "decision", run, handleError: () => {} });
    task({ id: "decision", run, handleError: () => undefined });
    task({ id: "decision", run, handleError: async () => ({ retryAt: new Date() }) });
    task({ id: "decision", run, handleError: () => ({ retryDelayInMs: 10, error: new Error("another") }) });
    task({ id: "decision", run, catchError: () => ({ retry: { maxAttempts: 5 } }) });
    task({
      id: "decision",
      run,
      catchError: async (_payload, error, { ctx }) => {
        if (error instanceof AbortTaskRunError) return { skipRetrying: true };
        if (ctx.attempt.number > 2) return { error };
        return undefined;
      },
    });
    expectTypeOf<{ error: string }>().toExtend<HandleErrorDecision>();
    expectTypeOf<{ retryAt: string }>().not.toExtend<HandleErrorDecision>();
    expectTypeOf<{ retries: number }>().not.toExtend<HandleErrorDecision>();
    // @ts-expect-error -- a delay has a number
    task({ id: "decision", run, handleError: () => ({ retryDelayInMs: "10s" }) });
  });

  it("is typed for all tasks too", () => {
    tasks.catchError("named", (_payload, error, { retryAt }) => {
      expectTypeOf(error).toBeUnknown();
      expectTypeOf(retryAt).toEqualTypeOf<Date | undefined>();
      return { skipRetrying: true };
    });
    tasks.middleware("named", async ({ next }) => next());
    tasks.onCancel(({ ctx, signal }) => {
      expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    });
  });
});
