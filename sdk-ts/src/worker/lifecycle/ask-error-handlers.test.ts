import { describe, expect, it } from "vitest";
import { AbortTaskRunError } from "../../task/abort-task-run-error.ts";
import { invalidField } from "../../client/windlass-error.ts";
import { NOW_MS, StartedLifecycle } from "./started-lifecycle.testkit.ts";

const boom = new Error("boom");
const failing = () => Promise.reject(boom);

async function decide(handler: (...args: never[]) => unknown, rest = {}) {
  const started = new StartedLifecycle({ run: failing, hooks: { handleError: handler }, ...rest });
  const outcome = await started.outcome;
  if (outcome.ok) throw new Error("the attempt succeeded");
  return { ...outcome.failure, settled: started.settled };
}

describe("the handlers", () => {
  it("are asked one after another, the task's own first, until one decides", async () => {
    const asked: string[] = [];
    const handler = (name: string, decision?: object) => ({ name, fn: () => (asked.push(name), decision) });
    const started = new StartedLifecycle({
      run: failing,
      hooks: { catchError: handler("task").fn },
      globals: {
        handleError: [handler("first"), handler("second", { skipRetrying: true }), handler("third")],
      },
    });
    expect(await started.outcome).toMatchObject({ failure: { thrown: boom, skipRetry: true } });
    expect(asked).toEqual(["task", "first", "second"]);
  });

  it("are told the default decision", async () => {
    let told: object | undefined;
    await decide((params: object) => void (told = params), { attempt: 2 });
    expect(told).toMatchObject({
      error: boom,
      retry: { maxAttempts: 3, factor: 2 },
      retryDelayInMs: 2_000,
      retryAt: new Date(NOW_MS + 2_000),
    });
    await decide((params: object) => void (told = params), { attempt: 3 });
    expect(told).toMatchObject({ retryDelayInMs: undefined, retryAt: undefined });
  });

  it("are not asked about AbortTaskRunError", async () => {
    const { code, settled } = await decide(() => ({ retryDelayInMs: 0 }), {
      run: () => Promise.reject(new AbortTaskRunError("no")),
    });
    expect([code, settled]).toEqual(["TASK_ABORTED", ["run failed"]]);
  });

  it("that throw end the run: HANDLE_ERROR_ERROR, no onFailure, no onComplete; cleanup still runs", async () => {
    const thrown = new Error("in the handler");
    const started = new StartedLifecycle({
      run: failing,
      attempt: 3,
      hooks: {
        handleError: () => Promise.reject(thrown),
        onFailure: () => {},
        onComplete: () => {},
        cleanup: () => {},
      },
    });
    expect(await started.outcome).toEqual({
      ok: false,
      failure: { code: "HANDLE_ERROR_ERROR", thrown, skipRetry: true },
    });
    expect(started.settled).toEqual(["run failed", "handleError failed", "cleanup ok"]);
  });
});

describe("a decision", () => {
  it.each([
    { decision: undefined, expected: { thrown: boom, skipRetry: false, retryDelayMs: 1_000 } },
    { decision: "nonsense", expected: { thrown: boom, skipRetry: false, retryDelayMs: 1_000 } },
    { decision: { unrelated: true }, expected: { thrown: boom, skipRetry: false, retryDelayMs: 1_000 } },
    { decision: { skipRetrying: false }, expected: { thrown: boom, skipRetry: false, retryDelayMs: 1_000 } },
    { decision: { skipRetrying: true }, expected: { thrown: boom, skipRetry: true } },
    { decision: { retryDelayInMs: 7 }, expected: { thrown: boom, skipRetry: false, retryDelayMs: 7 } },
    { decision: { retryAt: new Date(NOW_MS + 9) }, expected: { thrown: boom, skipRetry: false, retryDelayMs: 9 } },
    { decision: { retryAt: new Date(0) }, expected: { thrown: boom, skipRetry: false, retryDelayMs: 0 } },
    { decision: { retry: { minTimeoutInMs: 30 } }, expected: { thrown: boom, skipRetry: false, retryDelayMs: 30 } },
    { decision: { retry: { maxAttempts: 1 } }, expected: { thrown: boom, skipRetry: true } },
    { decision: { error: null }, expected: { thrown: null, skipRetry: false, retryDelayMs: 1_000 } },
    { decision: { error: "other", skipRetrying: true }, expected: { thrown: "other", skipRetry: true } },
  ])("$decision", async ({ decision, expected }) => {
    const { code, settled: _, ...failure } = await decide(() => decision);
    expect([code, failure]).toEqual(["TASK_ERROR", expected]);
  });

  it.each([
    { decision: { skipRetrying: "yes" }, message: "skipRetrying must be true or false" },
    { decision: { retryAt: "tomorrow" }, message: "retryAt must be a valid Date" },
    { decision: { retryAt: new Date(Number.NaN) }, message: "retryAt must be a valid Date" },
    { decision: { retryAt: new Date(8e15) }, message: "retryAt must not be further away than a year" },
    { decision: { retryDelayInMs: -1 }, message: "retryDelayInMs must be a number of milliseconds, 0 or more" },
    { decision: { retryDelayInMs: Number.NaN }, message: "retryDelayInMs must be a number of milliseconds, 0 or more" },
    { decision: { retry: { factor: 0 } }, message: "retry.factor of the decision of an error handler" },
    { decision: { retry: { unknown: 1 } }, message: '"unknown" is not an option' },
  ])("that makes no sense is as an error in the handler: $decision", async ({ decision, message }) => {
    const { code, thrown, settled } = await decide(() => decision);
    expect([code, settled]).toEqual(["HANDLE_ERROR_ERROR", ["run failed", "handleError failed"]]);
    expect(String(thrown)).toContain(message);
  });

  it.each([{ retryDelayInMs: 0 }, { retryAt: new Date(0) }, { retry: { maxAttempts: 10 } }])(
    "never allows more than maxAttempts: %o",
    async (decision) => {
      expect(await decide(() => decision, { attempt: 3 })).toMatchObject({ code: "TASK_ERROR", skipRetry: true });
    },
  );

  it("with an error alone replaces what is reported, also to onFailure and onComplete", async () => {
    const seen: unknown[] = [];
    const started = new StartedLifecycle({
      run: failing,
      attempt: 3,
      hooks: {
        handleError: () => ({ error: "replaced" }),
        onFailure: ({ error }: { error: unknown }) => void seen.push(error),
        onComplete: ({ result }: { result: unknown }) => void seen.push(result),
      },
    });
    expect(await started.outcome).toMatchObject({ failure: { thrown: "replaced" } });
    expect(seen).toEqual(["replaced", { ok: false, error: "replaced" }]);
  });
});

describe("where nobody decides", () => {
  it("the task's policy does", async () => {
    const retry = { minTimeoutInMs: 100, factor: 3 };
    const { outcome } = new StartedLifecycle({ run: failing, retry, attempt: 2 });
    expect(await outcome).toMatchObject({ failure: { skipRetry: false, retryDelayMs: 300 } });
  });

  it("a call of the SDK that would be refused again is not repeated, unless a handler says so", async () => {
    const run = () => Promise.reject(invalidField("payload", "is wrong."));
    expect(await new StartedLifecycle({ run }).outcome).toMatchObject({ failure: { skipRetry: true } });
    expect(await decide(() => ({ retryDelayInMs: 1 }), { run })).toMatchObject({ skipRetry: false, retryDelayMs: 1 });
  });

  it("nothing is repeated in DEVELOPMENT when the project has turned that off", async () => {
    const started = new StartedLifecycle({
      run: failing,
      isRetryDisabledInDevelopment: true,
      hooks: { onFailure: () => {} },
    });
    expect(await started.outcome).toMatchObject({ failure: { skipRetry: true } });
    expect(started.settled).toEqual(["run failed", "onFailure ok"]);
  });
});
