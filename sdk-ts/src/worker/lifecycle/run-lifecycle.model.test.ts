import * as fc from "fast-check";
import { expect, it } from "vitest";
import { hookNames } from "../../task/hook-types.ts";
import { predict } from "./model.testkit.ts";
import { behaviours, type Call, type HookPlan, PAYLOAD, play, type Scenario } from "./scenario.testkit.ts";

const plan: fc.Arbitrary<HookPlan> = fc.record({
  behaviour: fc.oneof({ weight: 3, arbitrary: fc.constant("return" as const) }, fc.constantFrom(...behaviours)),
  form: fc.constantFrom("object", "positional"),
});

function eachHook<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<(typeof hookNames)[number], T>>> {
  return fc.record(
    Object.fromEntries(hookNames.map((hook) => [hook, value])) as Record<(typeof hookNames)[number], typeof value>,
    {
      requiredKeys: [],
    },
  );
}

const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    attempt: fc.integer({ min: 1, max: 3 }),
    attemptsLeft: fc.integer({ min: 0, max: 2 }),
    globals: eachHook(fc.array(plan, { maxLength: 2 })),
    own: eachHook(plan),
    run: fc.constantFrom(...behaviours),
    isOutputValid: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  })
  .map(({ attemptsLeft, ...rest }) => ({ ...rest, maxAttempts: rest.attempt + attemptsLeft }));

it("does what the model of the rules predicts: order, arguments, reports, outcome", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (scenario) => {
      const predicted = predict(scenario);
      const played = await play(scenario);
      expect(played.calls.map(withoutParams)).toEqual(predicted.calls);
      expect(played.calls.map(ownFields)).toEqual(predicted.handedOver);
      expect(played.reports).toEqual(predicted.reports);
      expect(played.outcome).toEqual(predicted.outcome);
    }),
    { numRuns: 3_000 },
  );
});

it("hands every hook payload, ctx, signal and the task's id, and run ctx and signal", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (scenario) => {
      for (const { hook, params } of (await play(scenario)).calls) {
        expect(params["ctx"]).toMatchObject({ attempt: { number: scenario.attempt } });
        expect(params["signal"]).toBeInstanceOf(AbortSignal);
        expect(params["payload"]).toBe(hook === "run" ? undefined : PAYLOAD);
        expect(params["task"]).toBe(hook === "run" ? undefined : "the-task");
      }
    }),
    { numRuns: 300 },
  );
});

function withoutParams({ hook, scope, index, positional }: Call): Omit<Call, "params"> {
  return { hook, scope, index, positional };
}

function ownFields({ params }: Call): Record<string, unknown> {
  const { payload: _payload, ctx: _ctx, signal: _signal, task: _task, ...fields } = params;
  return fields;
}
