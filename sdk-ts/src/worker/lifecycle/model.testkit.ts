import { expect } from "vitest";
import type { HookName } from "../../task/hook-types.ts";
import type { HookScope } from "./lifecycle-attempt.ts";
import { fieldsOf, positionalOf } from "./model-arguments.testkit.ts";
import {
  type Behaviour,
  CANCEL_REASON,
  type Call,
  DECIDED_DELAY_MS,
  ENCODING_ERROR,
  type HookPlan,
  initReturnedBy,
  OUTPUT,
  type Played,
  RANDOM,
  REPLACEMENT,
  type Scenario,
  thrownBy,
  TIME_IS_UP,
} from "./scenario.testkit.ts";

/*
 * The lifecycle rules once more, written apart from the engine: not as steps that call each other, but as an agenda of
 * stages, where each function that was called may strike out or add what follows. A layer of middleware is two stages,
 * one on the way in and one on the way out.
 */
type Stage =
  | Exclude<HookName, "middleware" | "handleError" | "catchError" | "onWait" | "onResume" | "onCancel">
  | "run"
  | "encode"
  | "handlers"
  | { readonly enter: number }
  | { readonly leave: number };
type Failure = Extract<Played["outcome"], { ok: false }>["failure"];

interface World {
  readonly scenario: Scenario;
  agenda: Stage[];
  readonly calls: Omit<Call, "params">[];
  readonly handedOver: Record<string, unknown>[];
  readonly reports: Played["reports"];
  /** Layers of middleware that are still open. */
  open: number[];
  /** An onWait or onResume hook that will never settle, because an uncaught exception has ended the run beside it. */
  dangling: Omit<Played["reports"][number], "outcome" | "error"> | undefined;
  init: Record<string, unknown> | undefined;
  failure: Failure | undefined;
  ended: "CANCELED" | "MAX_DURATION_EXCEEDED" | undefined;
  /** Nothing is waited for any longer. */
  isGivenUp: boolean;
  hasOutput: boolean;
  hasCompleted: boolean;
}

export interface Predicted {
  readonly calls: Omit<Call, "params">[];
  /** The fields that each call is handed beside payload, ctx, signal and task. */
  readonly handedOver: Record<string, unknown>[];
  readonly reports: Played["reports"];
  readonly outcome: Played["outcome"];
}

type Declared = readonly [scope: HookScope, index: number, plan: HookPlan];

export function predict(scenario: Scenario): Predicted {
  const layers = declared("middleware", scenario).map((_, index) => index);
  const world: World = {
    scenario,
    agenda: [
      ...layers.map((enter) => ({ enter })),
      "init",
      ...(scenario.attempt === 1 ? (["onStart"] as const) : []),
      "onStartAttempt",
      "run",
      "encode",
      "onSuccess",
      ...(scenario.isCompletionTold ? [] : (["onComplete"] as const)),
      "cleanup",
      ...layers.toReversed().map((leave) => ({ leave })),
    ],
    calls: [],
    handedOver: [],
    reports: [],
    open: [],
    dangling: undefined,
    init: undefined,
    failure: undefined,
    ended: undefined,
    isGivenUp: false,
    hasOutput: false,
    hasCompleted: scenario.isCompletionTold,
  };
  for (let stage = world.agenda.shift(); stage !== undefined; stage = world.agenda.shift()) passThrough(stage, world);
  const { calls, handedOver, reports } = world;
  return { calls, handedOver, reports, outcome: outcomeOf(world) };
}

function outcomeOf({ ended, hasOutput, failure }: World): Played["outcome"] {
  // The output of a canceled run that returned is kept, whatever the hooks did.
  if (ended === "CANCELED" ? hasOutput : ended === undefined && failure === undefined)
    return { ok: true, output: JSON.stringify(OUTPUT) };
  if (ended !== undefined) {
    const thrown = ended === "CANCELED" ? CANCEL_REASON : TIME_IS_UP;
    return { ok: false, failure: { code: ended, thrown, skipRetry: true } };
  }
  return { ok: false, failure: failure! };
}

function passThrough(stage: Stage, world: World): void {
  if (world.isGivenUp) return;
  if (typeof stage === "object") return passLayer(stage, world);
  if (stage === "handlers") return passHandlers(world);
  if (stage === "encode") {
    if (world.scenario.isOutputValid) world.hasOutput = true;
    else fail(world, { code: "TASK_OUTPUT_ERROR", thrown: ENCODING_ERROR, skipRetry: false });
    return;
  }
  if (stage === "run") {
    if (world.ended === undefined) passRun(world);
    else fail(world, { code: "CANCELED", thrown: CANCEL_REASON, skipRetry: true });
    return;
  }
  if (stage === "onComplete") world.hasCompleted = true;
  const hadFailed = world.failure !== undefined;
  for (const [scope, index, plan] of declared(stage, world.scenario)) {
    const isOff = world.isGivenUp || (world.ended !== undefined && stage !== "cleanup");
    // A hook that fails the attempt is the last of its kind, but for cleanup.
    const isStruck = stage !== "cleanup" && !hadFailed && world.failure !== undefined;
    if (!isOff && !isStruck) callOne(stage, [scope, index, plan], world);
  }
}

/** A layer's behaviour is due on the way in, or on the way out. */
function passLayer(stage: { enter: number } | { leave: number }, world: World): void {
  const index = "enter" in stage ? stage.enter : stage.leave;
  const [scope, ownIndex, plan] = declared("middleware", world.scenario)[index]!;
  const place = plan.place ?? "before";
  const name = nameOf("middleware", scope, ownIndex);
  if ("leave" in stage) {
    if (!world.open.includes(index)) return;
    const thrown = place === "after" ? behave("middleware", [scope, ownIndex, plan], world) : undefined;
    // If its time was up, it has been reported with the others.
    if (world.isGivenUp) return;
    world.open = world.open.filter((layer) => layer !== index);
    if (thrown === undefined) world.reports.push({ hook: "middleware", scope, name, outcome: "ok" });
    else failedLayer(world, plan.behaviour, { scope, name, thrown });
    return;
  }
  if (world.ended !== undefined) return;
  record("middleware", [scope, ownIndex, plan], world);
  world.open.push(index);
  if (place === "after") return;
  const thrown = behave("middleware", [scope, ownIndex, plan], world);
  if (world.isGivenUp || (thrown === undefined && place === "before")) return;
  world.open.pop();
  if (thrown !== undefined) return failedLayer(world, plan.behaviour, { scope, name, thrown });
  world.reports.push({ hook: "middleware", scope, name, outcome: "ok" });
  fail(world, { code: "MIDDLEWARE_NEXT_NOT_CALLED", thrown: NEXT_NOT_CALLED, skipRetry: false });
}

/** Equals the error that the engine makes. */
const NEXT_NOT_CALLED: unknown = expect.objectContaining({ name: "MiddlewareNextNotCalledError" });

function failedLayer(
  world: World,
  behaviour: Behaviour,
  { scope, name, thrown }: { scope: HookScope; name: string; thrown: unknown },
): void {
  world.reports.push({ hook: "middleware", scope, name, outcome: "failed", error: { thrown } });
  fail(world, { ...CODES[behaviour], thrown });
}

function passRun(world: World): void {
  record("run", ["task", 0, RUN_PLAN], world);
  const { run, wait } = world.scenario;
  const inWait = wait === "none" ? undefined : passWait(world);
  if (world.isGivenUp) return;
  const thrown = inWait?.thrown ?? behave("run", ["task", 0, { behaviour: run, form: "positional" }], world);
  if (world.isGivenUp) return;
  if (thrown === undefined) {
    world.reports.push({ hook: "run", scope: "task", name: "", outcome: "ok" });
    return;
  }
  world.reports.push({ hook: "run", scope: "task", name: "", outcome: "failed", error: { thrown } });
  fail(world, { ...CODES[inWait?.behaviour ?? run], thrown });
}

/** Says what the wait throws into run, if anything. */
function passWait(world: World): { thrown: unknown; behaviour: Behaviour } | undefined {
  for (const hook of ["onWait", "onResume"] as const) {
    if (hook === "onResume" && world.scenario.wait === "canceled") return passCancelOfSuspended(world);
    for (const [scope, index, plan] of declared(hook, world.scenario)) {
      record(hook, [scope, index, plan], world);
      const thrown = behave(hook, [scope, index, plan], world, ["run"]);
      if (world.isGivenUp) return { thrown: TIME_IS_UP, behaviour: "hang" };
      const name = nameOf(hook, scope, index);
      if (plan.behaviour === "uncaught") {
        world.dangling = { hook, scope, name };
        return { thrown, behaviour: "uncaught" };
      }
      const report =
        thrown === undefined ? { outcome: "ok" as const } : { outcome: "ignored" as const, error: { thrown } };
      world.reports.push({ hook, scope, name, ...report });
      if (world.ended !== undefined) return { thrown: CANCEL_REASON, behaviour: "throw" };
    }
  }
  return undefined;
}

/** onCancel, then cleanup; then everything that is under way is given up, and nothing of the agenda is left. */
function passCancelOfSuspended(world: World): undefined {
  passCancel(world);
  for (const one of declared("cleanup", world.scenario)) {
    callOne("cleanup", one, world, ["run"]);
    if (world.isGivenUp) return;
  }
  world.isGivenUp = true;
  reportGivenUp("run", ["task", 0], world, []);
}

/** onCancel hooks can do little of their own here: see lifecycle.model.test.ts. */
function passCancel(world: World): void {
  world.ended = "CANCELED";
  for (const one of declared("onCancel", world.scenario)) {
    const [scope, index, { behaviour }] = one;
    record("onCancel", one, world);
    const error = behaviour === "return" ? undefined : thrownBy("onCancel", scope, index, behaviour);
    const report =
      error === undefined ? { outcome: "ok" as const } : { outcome: "ignored" as const, error: { thrown: error } };
    world.reports.push({ hook: "onCancel", scope, name: nameOf("onCancel", scope, index), ...report });
  }
}

/** The task's own handlers, then the global ones, until one decides. */
function passHandlers(world: World): void {
  const failure = world.failure!;
  const all = (["handleError", "catchError"] as const).flatMap((hook) =>
    declared(hook, world.scenario).map((one) => ({ hook, one })),
  );
  const inOrder = [...all.filter(({ one }) => one[0] === "task"), ...all.filter(({ one }) => one[0] === "global")];
  const { attempt, maxAttempts } = world.scenario;
  const isLast = attempt >= maxAttempts;
  const delayMs = isLast ? undefined : Math.min(60_000, (1 + RANDOM) * 1_000 * 2 ** (attempt - 1));
  let verdict: Failure = { ...failure, skipRetry: failure.skipRetry || isLast };
  if (!failure.skipRetry && delayMs !== undefined) verdict = { ...verdict, retryDelayMs: delayMs };
  for (const { hook, one } of failure.skipRetry ? [] : inOrder) {
    if (world.ended !== undefined) return;
    const [scope, index, plan] = one;
    record(hook, one, world, { delayMs });
    const thrown = behave(hook, one, world);
    if (world.isGivenUp) return;
    const name = nameOf(hook, scope, index);
    if (thrown !== undefined) {
      const isFinal = plan.behaviour !== "uncaught";
      world.reports.push({ hook, scope, name, outcome: isFinal ? "failed" : "ignored", error: { thrown } });
      if (!isFinal) continue;
      world.failure = { code: "HANDLE_ERROR_ERROR", thrown, skipRetry: true };
      return;
    }
    world.reports.push({ hook, scope, name, outcome: "ok" });
    const { decision = "nothing" } = plan;
    if (decision === "nothing") continue;
    if (decision === "replace") verdict = { ...verdict, thrown: REPLACEMENT };
    if (decision === "delay" && !isLast) verdict = { ...verdict, retryDelayMs: DECIDED_DELAY_MS };
    if (decision === "skip") verdict = { code: failure.code, thrown: failure.thrown, skipRetry: true };
    break;
  }
  world.failure = verdict;
  if (verdict.skipRetry) world.agenda.unshift("onFailure", ...(world.hasCompleted ? [] : (["onComplete"] as const)));
}

function callOne(
  hook: Exclude<Stage, object | "run" | "encode" | "handlers">,
  one: Declared,
  world: World,
  around: readonly "run"[] = [],
): void {
  record(hook, one, world);
  const [scope, index, plan] = one;
  const hadFailed = world.failure !== undefined;
  const thrown = behave(hook, one, world, around);
  if (world.isGivenUp) return;
  const name = nameOf(hook, scope, index);
  if (thrown === undefined) {
    world.reports.push({ hook, scope, name, outcome: "ok" });
    if (hook === "init") world.init = { ...world.init, ...initReturnedBy(scope, index) };
    return;
  }
  const failsTheAttempt = hook === "cleanup" || (plan.behaviour === "uncaught" && !hadFailed);
  world.reports.push({ hook, scope, name, outcome: failsTheAttempt ? "failed" : "ignored", error: { thrown } });
  if (failsTheAttempt) fail(world, { ...CODES[plan.behaviour], thrown });
}

/** What a failure of the attempt does to the agenda: only the first one counts. */
function fail(world: World, failure: Failure): void {
  if (world.failure !== undefined) return;
  world.failure = failure;
  const isCleanupDue = world.agenda.includes("cleanup");
  world.agenda = [
    ...(world.ended === undefined ? (["handlers"] as const) : []),
    ...(isCleanupDue ? (["cleanup"] as const) : []),
    ...world.agenda.filter((stage) => typeof stage === "object" && "leave" in stage),
  ];
}

function record(
  hook: HookName | "run",
  [scope, index, { form }]: Declared,
  world: World,
  told: { delayMs: number | undefined } = { delayMs: undefined },
): void {
  const positional = form === "positional" ? positionalOf(hook, world) : [];
  world.calls.push({ hook, scope, index, positional });
  world.handedOver.push(fieldsOf(hook, world, told.delayMs));
}

/** Does to the world what a behaviour does; says what is thrown, if anything. */
function behave(
  hook: HookName | "run",
  [scope, index, { behaviour }]: Declared,
  world: World,
  around: readonly "run"[] = [],
): unknown {
  const thrown = thrownBy(hook, scope, index, behaviour);
  if ((behaviour === "cancel" || behaviour === "cancel-throw") && world.ended === undefined) passCancel(world);
  if (behaviour === "hang") {
    world.ended ??= "MAX_DURATION_EXCEEDED";
    world.isGivenUp = true;
    reportGivenUp(hook, [scope, index], world, around);
    return undefined;
  }
  return behaviour === "return" || behaviour === "cancel" ? undefined : thrown;
}

/** Everything that is under way ends in the same moment, outermost first. */
function reportGivenUp(
  hook: HookName | "run",
  [scope, index]: readonly [HookScope, number],
  world: World,
  around: readonly "run"[],
): void {
  const error = { thrown: world.ended === "CANCELED" ? CANCEL_REASON : TIME_IS_UP };
  const layers = declared("middleware", world.scenario);
  for (const layer of world.open) {
    const [layerScope, layerIndex] = layers[layer]!;
    const name = nameOf("middleware", layerScope, layerIndex);
    world.reports.push({ hook: "middleware", scope: layerScope, name, outcome: "failed", error });
  }
  for (const outer of around) world.reports.push({ hook: outer, scope: "task", name: "", outcome: "failed", error });
  if (world.dangling !== undefined) world.reports.push({ ...world.dangling, outcome: "failed", error });
  if (hook === "middleware") return;
  const isHandler = hook === "handleError" || hook === "catchError";
  const failsTheAttempt = hook === "run" || hook === "cleanup" || (world.failure === undefined && !isHandler);
  const outcome = failsTheAttempt ? "failed" : "ignored";
  world.reports.push({ hook, scope, name: nameOf(hook, scope, index), outcome, error });
}

function declared(hook: HookName, { globals, own }: Scenario): Declared[] {
  const task = own[hook];
  return [
    ...(globals[hook] ?? []).map((plan, index) => ["global", index, plan] as const),
    ...(task === undefined ? [] : [["task", 0, task] as const]),
  ];
}

function nameOf(hook: HookName | "run", scope: HookScope, index: number): string {
  return scope === "global" ? `${hook}-${index}` : "";
}

const RUN_PLAN: HookPlan = { behaviour: "return", form: "positional" };

const CODES = {
  throw: { code: "TASK_ERROR", skipRetry: false },
  reject: { code: "TASK_ERROR", skipRetry: false },
  "cancel-throw": { code: "TASK_ERROR", skipRetry: false },
  abort: { code: "TASK_ABORTED", skipRetry: true },
  uncaught: { code: "UNCAUGHT_EXCEPTION", skipRetry: false },
  return: undefined as never,
  cancel: undefined as never,
  hang: undefined as never,
} as const satisfies Record<Behaviour, Omit<Failure, "thrown">>;
