import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HookName, hookNames } from "../../task/hook-types.ts";
import { predict } from "./model.testkit.ts";
import {
  type Behaviour,
  behaviours,
  type Call,
  decisions,
  type HookPlan,
  PAYLOAD,
  places,
  play,
  type Played,
  type Scenario,
  waitEnds,
} from "./scenario.testkit.ts";

/** What an onCancel hook can do by itself; what it does besides would be a race with what it runs beside. */
const cancelBehaviours = ["return", "throw", "reject", "abort"] as const;

function behavioursOf(hook: HookName): readonly Behaviour[] {
  return hook === "onCancel" ? cancelBehaviours : behaviours;
}

async function compareWithModel(scenario: Scenario): Promise<void> {
  const predicted = predict(scenario);
  const played = await play(scenario);
  expect(played.calls.map(withoutParams)).toEqual(predicted.calls);
  expect(played.calls.map(ownFields)).toEqual(predicted.handedOver);
  expect(apart(played.reports)).toEqual(apart(predicted.reports));
  expect(played.outcome).toEqual(predicted.outcome);
}

describe("every combination of hook, scope, what it does, attempt n of m, and what run does", () => {
  it.each(hookNames)(
    "%s: order, arguments, reports and outcome are what the model of the rules predicts",
    async (hook) => {
      let combinations = 0;
      for (const scope of ["global", "task"] as const) {
        for (const behaviour of behavioursOf(hook)) {
          for (const [run, wait] of RUNS) {
            for (const [attempt, maxAttempts, isCompletionTold] of ATTEMPTS) {
              for (const variant of variantsOf(hook)) {
                const plan: HookPlan = {
                  behaviour,
                  form: combinations % 2 === 0 ? "object" : "positional",
                  ...variant,
                };
                await compareWithModel(
                  around(hook, scope, plan, { attempt, maxAttempts, isCompletionTold, run, wait }),
                );
                combinations += 1;
              }
            }
          }
        }
      }
      expect(combinations).toBeGreaterThanOrEqual(2 * behavioursOf(hook).length * RUNS.length * ATTEMPTS.length);
    },
  );
});

/** What run does after its wait; one that is canceled meanwhile does not come to that. */
const RUNS = [
  ...(["return", "throw", "abort", "uncaught", "cancel", "hang"] as const).map((run) => [run, "resumed"] as const),
  ["return", "canceled"] as const,
];

const ATTEMPTS = [
  [1, 1, false],
  [1, 3, false],
  [2, 3, false],
  [2, 3, true],
  [3, 3, false],
  [3, 3, true],
] as const;

function variantsOf(hook: HookName): readonly Partial<HookPlan>[] {
  if (hook === "middleware") return places.map((place) => ({ place }));
  if (hook === "handleError" || hook === "catchError") return decisions.map((decision) => ({ decision }));
  return [{}];
}

/** The hook in question among others that return. */
function around(
  hook: HookName,
  scope: "global" | "task",
  plan: HookPlan,
  rest: Pick<Scenario, "attempt" | "maxAttempts" | "isCompletionTold" | "run" | "wait">,
): Scenario {
  const ok: HookPlan = { behaviour: "return", form: "object" };
  const globals: Partial<Record<HookName, readonly HookPlan[]>> = Object.fromEntries(
    hookNames.map((name) => [name, [ok]]),
  );
  const own: Partial<Record<HookName, HookPlan>> = Object.fromEntries(hookNames.map((name) => [name, ok]));
  return {
    ...rest,
    globals: scope === "global" ? { ...globals, [hook]: [plan, ok] } : globals,
    own: scope === "task" ? { ...own, [hook]: plan } : own,
    isOutputValid: true,
  };
}

function planOf(hook: HookName): fc.Arbitrary<HookPlan> {
  return fc.record({
    behaviour: fc.oneof(
      { weight: 3, arbitrary: fc.constant("return" as const) },
      fc.constantFrom<Behaviour[]>(...behavioursOf(hook)),
    ),
    form: fc.constantFrom("object", "positional"),
    decision: fc.constantFrom(...decisions),
    place: fc.constantFrom(...places),
  });
}

function eachHook<T>(value: (hook: HookName) => fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<HookName, T>>> {
  const arbitraries = Object.fromEntries(hookNames.map((hook) => [hook, value(hook)]));
  return fc.record(arbitraries as Record<HookName, fc.Arbitrary<T>>, { requiredKeys: [] });
}

const anyScenario: fc.Arbitrary<Scenario> = fc
  .record({
    attempt: fc.integer({ min: 1, max: 3 }),
    attemptsLeft: fc.integer({ min: 0, max: 2 }),
    wasToldBefore: fc.boolean(),
    globals: eachHook((hook) => fc.array(planOf(hook), { maxLength: 2 })),
    own: eachHook(planOf),
    run: fc.constantFrom(...behaviours),
    wait: fc.constantFrom(...waitEnds),
    isOutputValid: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  })
  .map(({ attemptsLeft, wasToldBefore, ...rest }) => ({
    ...rest,
    maxAttempts: rest.attempt + attemptsLeft,
    isCompletionTold: wasToldBefore && rest.attempt > 1,
  }));

it("does what the model of the rules predicts, whatever all hooks do together", async () => {
  await fc.assert(fc.asyncProperty(anyScenario, compareWithModel), { numRuns: 5_000 });
});

it("hands every hook payload, ctx, signal and the task's id, and run ctx and signal", async () => {
  await fc.assert(
    fc.asyncProperty(anyScenario, async (scenario) => {
      for (const { hook, params } of (await play(scenario)).calls) {
        expect(params["ctx"]).toMatchObject({ attempt: { number: scenario.attempt } });
        expect(params["signal"]).toBeInstanceOf(AbortSignal);
        expect(params["payload"]).toBe(hook === "run" ? undefined : PAYLOAD);
        expect(params["task"]).toBe(hook === "run" ? undefined : "the-task");
        expect(params["runPromise"] instanceof Promise).toBe(hook === "onCancel");
        expect(typeof params["next"]).toBe(hook === "middleware" ? "function" : "undefined");
      }
    }),
    { numRuns: 300 },
  );
});

function withoutParams({ hook, scope, index, positional }: Call): Omit<Call, "params"> {
  return { hook, scope, index, positional };
}

function ownFields({ params }: Call): Record<string, unknown> {
  const { payload: _1, ctx: _2, signal: _3, task: _4, next: _5, runPromise: _6, ...fields } = params;
  return fields;
}

/** onCancel hooks run beside others, so only their own order is settled. */
function apart(reports: Played["reports"]): Played["reports"][] {
  return [reports.filter(({ hook }) => hook === "onCancel"), reports.filter(({ hook }) => hook !== "onCancel")];
}
