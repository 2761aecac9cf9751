import { describe, expect, it } from "vitest";
import { type HookName, hookNames } from "../../task/hook-types.ts";
import { type HookPlan, play, type Played, type Scenario, thrownBy } from "./scenario.testkit.ts";

const ok: HookPlan = { behaviour: "return", form: "object" };
const throws: HookPlan = { behaviour: "throw", form: "object" };

const everyHook: Partial<Record<HookName, HookPlan>> = Object.fromEntries(
  hookNames.filter((hook) => hook !== "catchError").map((hook) => [hook, ok]),
);

function scenario(changes: Partial<Scenario> = {}): Scenario {
  return {
    attempt: 1,
    maxAttempts: 3,
    isCompletionTold: false,
    globals: {},
    own: everyHook,
    run: "return",
    wait: "none",
    isOutputValid: true,
    ...changes,
  };
}

function hooks({ calls }: Played): string[] {
  return calls.map(({ hook, scope, index }) => (scope === "global" ? `global ${hook} ${index}` : hook));
}

describe("order", () => {
  const globals = Object.fromEntries(Object.keys(everyHook).map((hook) => [hook, [ok, ok]])) as Scenario["globals"];

  it("of a success: globals in registration order before the task's own", async () => {
    const order = ["middleware", "init", "onStart", "onStartAttempt", "run", "onSuccess", "onComplete", "cleanup"];
    const expected = order.flatMap((hook) =>
      hook === "run" ? [hook] : [`global ${hook} 0`, `global ${hook} 1`, hook],
    );
    expect(hooks(await play(scenario({ globals })))).toEqual(expected);
  });

  const start = ["middleware", "init", "onStart", "onStartAttempt"];
  const restart = ["middleware", "init", "onStartAttempt"];
  const cases: { when: string; changes: Partial<Scenario>; expected: string[] }[] = [
    {
      when: "a later attempt: onStart once per run, init and onStartAttempt every time",
      changes: { attempt: 2 },
      expected: [...restart, "run", "onSuccess", "onComplete", "cleanup"],
    },
    {
      when: "a run that waits",
      changes: { wait: "resumed" },
      expected: [...start, "run", "onWait", "onResume", "onSuccess", "onComplete", "cleanup"],
    },
    {
      when: "a failure with attempts left",
      changes: { run: "throw" },
      expected: [...start, "run", "handleError", "cleanup"],
    },
    {
      when: "a failure of the last attempt",
      changes: { run: "throw", attempt: 3 },
      expected: [...restart, "run", "handleError", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "AbortTaskRunError, whatever attempts are left: no handler is asked",
      changes: { run: "abort" },
      expected: [...start, "run", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "an output that cannot be stored, in the last attempt",
      changes: { isOutputValid: false, attempt: 3 },
      expected: [...restart, "run", "handleError", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "cleanup that throws in the last attempt: onFailure runs, onComplete not a second time",
      changes: { own: { ...everyHook, cleanup: throws }, attempt: 3 },
      expected: [...restart, "run", "onSuccess", "onComplete", "cleanup", "handleError", "onFailure"],
    },
    {
      when: "an attempt after one whose cleanup threw: onComplete not a second time in the run",
      changes: { attempt: 2, isCompletionTold: true },
      expected: [...restart, "run", "onSuccess", "cleanup"],
    },
    {
      when: "the last attempt, after one whose cleanup threw: onFailure runs, onComplete not a second time in the run",
      changes: { attempt: 3, isCompletionTold: true, run: "throw" },
      expected: [...restart, "run", "handleError", "onFailure", "cleanup"],
    },
    {
      when: "handleError that throws: the run ends, without onFailure and onComplete, but cleanup still runs",
      changes: { run: "throw", own: { ...everyHook, handleError: throws } },
      expected: [...start, "run", "handleError", "cleanup"],
    },
    {
      when: "middleware that throws before next(): like an error in run",
      changes: { own: { ...everyHook, middleware: throws }, attempt: 3 },
      expected: ["middleware", "handleError", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "a cancel during run that returns: onCancel, then cleanup, no onSuccess and no onComplete",
      changes: { run: "cancel" },
      expected: [...start, "run", "onCancel", "cleanup"],
    },
    {
      when: "a cancel during run that throws: nobody is asked about the error",
      changes: { run: "cancel-throw", attempt: 3 },
      expected: [...restart, "run", "onCancel", "cleanup"],
    },
    {
      when: "a cancel during init: run does not begin any more",
      changes: { own: { ...everyHook, init: { behaviour: "cancel", form: "object" } } },
      expected: ["middleware", "init", "onCancel", "cleanup"],
    },
    {
      when: "an exception that nobody awaited, in the last attempt",
      changes: { run: "uncaught", attempt: 3 },
      expected: [...restart, "run", "handleError", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "a run whose time is up, and which never returns: nothing follows",
      changes: { run: "hang" },
      expected: [...start, "run"],
    },
  ];
  it.each(cases)("of $when", async ({ changes, expected }) => {
    expect(hooks(await play(scenario(changes)))).toEqual(expected);
  });
});

describe("an error", () => {
  it.each(["init", "onStart", "onStartAttempt", "onWait", "onResume", "onSuccess", "onComplete"] as const)(
    "in %s is recorded and ignored",
    async (hook) => {
      const { outcome, reports } = await play(scenario({ wait: "resumed", own: { ...everyHook, [hook]: throws } }));
      expect(outcome.ok).toBe(true);
      const error = { thrown: thrownBy(hook, "task", 0, "throw") };
      expect(reports).toContainEqual({ hook, scope: "task", name: "", outcome: "ignored", error });
    },
  );

  it("in onFailure leaves the first error standing", async () => {
    const own = { ...everyHook, onFailure: throws };
    const { outcome } = await play(scenario({ own, run: "throw", attempt: 3 }));
    expect(outcome).toMatchObject({ ok: false, failure: { thrown: thrownBy("run", "task", 0, "throw") } });
  });

  it("in one cleanup lets the others run, and fails the attempt", async () => {
    const played = await play(scenario({ globals: { cleanup: [throws, ok] } }));
    expect(hooks(played).slice(-4)).toEqual(["global cleanup 0", "global cleanup 1", "cleanup", "handleError"]);
    const failure = { code: "TASK_ERROR", thrown: thrownBy("cleanup", "global", 0, "throw"), skipRetry: false };
    expect(played.outcome).toMatchObject({ ok: false, failure });
  });

  it("in cleanup after run has failed does not hide run's error", async () => {
    const own = { ...everyHook, cleanup: throws };
    const { outcome, reports } = await play(scenario({ own, run: "throw" }));
    expect(outcome).toMatchObject({ ok: false, failure: { thrown: thrownBy("run", "task", 0, "throw") } });
    expect(reports.at(-2)).toMatchObject({ hook: "cleanup", outcome: "failed" });
  });

  it("outside of any await fails the attempt, in a hook too", async () => {
    const own: Scenario["own"] = { ...everyHook, onSuccess: { behaviour: "uncaught", form: "object" } };
    const played = await play(scenario({ own, attempt: 3 }));
    expect(hooks(played).slice(-4)).toEqual(["handleError", "onFailure", "onComplete", "cleanup"]);
    expect(played.outcome).toMatchObject({ ok: false, failure: { code: "UNCAUGHT_EXCEPTION" } });
  });
});

describe("init data", () => {
  it("merges in registration order; the task's own wins", async () => {
    const { calls } = await play(scenario({ globals: { init: [ok, ok] } }));
    const run = calls.find(({ hook }) => hook === "run");
    expect(run?.params["init"]).toEqual({ global0: true, global1: true, task0: true, last: "task0" });
  });

  it("lacks what the init that threw would have returned", async () => {
    const { calls } = await play(scenario({ globals: { init: [ok, throws] }, own: {} }));
    expect(calls.at(-1)?.params["init"]).toEqual({ global0: true, last: "global0" });
  });

  it("is undefined when no init returns any", async () => {
    const { calls } = await play(scenario({ own: {} }));
    expect(calls.find(({ hook }) => hook === "run")?.params["init"]).toBeUndefined();
  });
});

describe("forms", () => {
  it("calls a hook that declares two or more parameters positionally", async () => {
    const own = Object.fromEntries(
      Object.keys(everyHook).map((hook) => [hook, { behaviour: "return", form: "positional" }]),
    ) as Scenario["own"];
    const success = await play(scenario({ own, wait: "resumed" }));
    const failure = await play(scenario({ own, run: "throw", attempt: 3 }));
    const cancel = await play(scenario({ own, run: "cancel" }));
    const calls = [success, failure, cancel].flatMap((played) => played.calls);
    expect(Object.fromEntries(calls.map(({ hook, positional }) => [hook, positional.length]))).toEqual({
      middleware: 1,
      init: 1,
      onStart: 1,
      onStartAttempt: 1,
      run: 1,
      onWait: 1,
      onResume: 1,
      onSuccess: 2,
      onFailure: 2,
      onComplete: 2,
      onCancel: 1,
      handleError: 2,
      cleanup: 1,
    });
    expect(calls.every(({ params }) => "ctx" in params)).toBe(true);
  });
});
