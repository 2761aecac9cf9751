import { describe, expect, it } from "vitest";
import type { HookName } from "../../task/hook-types.ts";
import { type HookPlan, play, type Played, type Scenario, thrownBy } from "./scenario.testkit.ts";

const ok: HookPlan = { behaviour: "return", form: "object" };
const throws: HookPlan = { behaviour: "throw", form: "object" };

const everyHook: Partial<Record<HookName, HookPlan>> = {
  init: ok,
  onStart: ok,
  onSuccess: ok,
  onFailure: ok,
  onComplete: ok,
  cleanup: ok,
};

function scenario(changes: Partial<Scenario> = {}): Scenario {
  return { attempt: 1, maxAttempts: 3, globals: {}, own: everyHook, run: "return", isOutputValid: true, ...changes };
}

function hooks({ calls }: Played): string[] {
  return calls.map(({ hook, scope, index }) => (scope === "global" ? `global ${hook} ${index}` : hook));
}

describe("order", () => {
  const globals = Object.fromEntries(Object.keys(everyHook).map((hook) => [hook, [ok, ok]])) as Scenario["globals"];

  it("of a success: globals in registration order before the task's own", async () => {
    const expected = ["init", "onStart", "run", "onSuccess", "onComplete", "cleanup"].flatMap((hook) =>
      hook === "run" ? [hook] : [`global ${hook} 0`, `global ${hook} 1`, hook],
    );
    expect(hooks(await play(scenario({ globals })))).toEqual(expected);
  });

  const cases: { when: string; changes: Partial<Scenario>; expected: string[] }[] = [
    {
      when: "a later attempt",
      changes: { attempt: 2 },
      expected: ["init", "run", "onSuccess", "onComplete", "cleanup"],
    },
    {
      when: "a failure with attempts left",
      changes: { run: "throw" },
      expected: ["init", "onStart", "run", "cleanup"],
    },
    {
      when: "a failure of the last attempt",
      changes: { run: "throw", attempt: 3 },
      expected: ["init", "run", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "AbortTaskRunError, whatever attempts are left",
      changes: { run: "abort" },
      expected: ["init", "onStart", "run", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "an output that cannot be stored, in the last attempt",
      changes: { isOutputValid: false, attempt: 3 },
      expected: ["init", "run", "onFailure", "onComplete", "cleanup"],
    },
    {
      when: "cleanup that throws in the last attempt: onFailure runs, onComplete not a second time",
      changes: { own: { ...everyHook, cleanup: throws }, attempt: 3 },
      expected: ["init", "run", "onSuccess", "onComplete", "cleanup", "onFailure"],
    },
    {
      when: "a cancel during run that returns",
      changes: { run: "cancel" },
      expected: ["init", "onStart", "run", "cleanup"],
    },
    {
      when: "a cancel during run that throws",
      changes: { run: "cancel-throw", attempt: 3 },
      expected: ["init", "run", "cleanup"],
    },
    {
      when: "a cancel during init: run does not begin any more",
      changes: { own: { ...everyHook, init: { behaviour: "cancel", form: "object" } } },
      expected: ["init", "cleanup"],
    },
    {
      when: "an exception that nobody awaited, in the last attempt",
      changes: { run: "uncaught", attempt: 3 },
      expected: ["init", "run", "onFailure", "onComplete", "cleanup"],
    },
  ];
  it.each(cases)("of $when", async ({ changes, expected }) => {
    expect(hooks(await play(scenario(changes)))).toEqual(expected);
  });
});

describe("an error", () => {
  it.each(["init", "onStart", "onSuccess", "onComplete"] as const)("in %s is recorded and ignored", async (hook) => {
    const { outcome, reports } = await play(scenario({ own: { ...everyHook, [hook]: throws } }));
    expect(outcome.ok).toBe(true);
    const error = { thrown: thrownBy(hook, "task", 0, "throw") };
    expect(reports).toContainEqual({ hook, scope: "task", name: "", outcome: "ignored", error });
  });

  it("in onFailure leaves the first error standing", async () => {
    const own = { ...everyHook, onFailure: throws };
    const { outcome } = await play(scenario({ own, run: "throw", attempt: 3 }));
    expect(outcome).toMatchObject({ ok: false, failure: { thrown: thrownBy("run", "task", 0, "throw") } });
  });

  it("in one cleanup lets the others run, and fails the attempt", async () => {
    const played = await play(scenario({ globals: { cleanup: [throws, ok] } }));
    expect(hooks(played).slice(-3)).toEqual(["global cleanup 0", "global cleanup 1", "cleanup"]);
    const failure = { code: "TASK_ERROR", thrown: thrownBy("cleanup", "global", 0, "throw"), skipRetry: false };
    expect(played.outcome).toEqual({ ok: false, failure });
  });

  it("in cleanup after run has failed does not hide run's error", async () => {
    const own = { ...everyHook, cleanup: throws };
    const { outcome, reports } = await play(scenario({ own, run: "throw" }));
    expect(outcome).toMatchObject({ ok: false, failure: { thrown: thrownBy("run", "task", 0, "throw") } });
    expect(reports.at(-1)).toMatchObject({ hook: "cleanup", outcome: "failed" });
  });

  it("outside of any await fails the attempt, in a hook too", async () => {
    const own: Scenario["own"] = { ...everyHook, onSuccess: { behaviour: "uncaught", form: "object" } };
    const played = await play(scenario({ own, attempt: 3 }));
    expect(hooks(played).slice(-4)).toEqual(["onSuccess", "onFailure", "onComplete", "cleanup"]);
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
    expect(calls[0]?.params["init"]).toBeUndefined();
  });
});

describe("forms", () => {
  it("calls a hook that declares two or more parameters positionally", async () => {
    const own = Object.fromEntries(
      Object.keys(everyHook).map((hook) => [hook, { behaviour: "return", form: "positional" }]),
    ) as Scenario["own"];
    const { calls } = await play(scenario({ own }));
    const positional = Object.fromEntries(calls.map(({ hook, positional }) => [hook, positional.length]));
    expect(positional).toEqual({ init: 1, onStart: 1, run: 1, onSuccess: 2, onComplete: 2, cleanup: 1 });
    expect(calls.map(({ params }) => "ctx" in params)).toEqual(calls.map(() => true));
  });
});
