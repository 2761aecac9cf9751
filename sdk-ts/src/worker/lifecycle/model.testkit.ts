import type { HookName } from "../../task/hook-types.ts";
import type { HookScope } from "./lifecycle-attempt.ts";
import {
  type Behaviour,
  CANCEL_REASON,
  type Call,
  ENCODING_ERROR,
  type HookPlan,
  initReturnedBy,
  OUTPUT,
  PAYLOAD,
  type Played,
  type Scenario,
  thrownBy,
} from "./scenario.testkit.ts";

/*
 * The lifecycle rules once more, written apart from the engine: not as steps that call each other, but as an agenda of
 * stages, where each function that was called may strike out or add what follows.
 */
type Stage = HookName | "run" | "encode";
type Failure = Extract<Played["outcome"], { ok: false }>["failure"];

interface World {
  readonly scenario: Scenario;
  agenda: Stage[];
  readonly calls: Omit<Call, "params">[];
  readonly handedOver: Record<string, unknown>[];
  readonly reports: Played["reports"];
  init: Record<string, unknown> | undefined;
  failure: Failure | undefined;
  isCanceled: boolean;
  hasOutput: boolean;
}

export interface Predicted {
  readonly calls: Omit<Call, "params">[];
  /** The fields that each call is handed beside payload, ctx, signal and task. */
  readonly handedOver: Record<string, unknown>[];
  readonly reports: Played["reports"];
  readonly outcome: Played["outcome"];
}

export function predict(scenario: Scenario): Predicted {
  const world: World = {
    scenario,
    agenda: [
      "init",
      ...(scenario.attempt === 1 ? (["onStart"] as const) : []),
      "run",
      "encode",
      "onSuccess",
      "onComplete",
      "cleanup",
    ],
    calls: [],
    handedOver: [],
    reports: [],
    init: undefined,
    failure: undefined,
    isCanceled: false,
    hasOutput: false,
  };
  for (let stage = world.agenda.shift(); stage !== undefined; stage = world.agenda.shift()) passThrough(stage, world);
  const { calls, handedOver, reports, isCanceled } = world;
  // The output of a canceled run that returned is kept, whatever the hooks did.
  const failure = isCanceled && world.hasOutput ? undefined : world.failure;
  const outcome: Played["outcome"] =
    failure === undefined
      ? { ok: true, output: JSON.stringify(OUTPUT) }
      : { ok: false, failure: isCanceled ? { ...failure, code: "CANCELED", skipRetry: true } : failure };
  return { calls, handedOver, reports, outcome };
}

function passThrough(stage: Stage, world: World): void {
  if (stage === "encode") {
    if (world.scenario.isOutputValid) world.hasOutput = true;
    else fail(world, { code: "TASK_OUTPUT_ERROR", thrown: ENCODING_ERROR, skipRetry: false });
    return;
  }
  if (stage === "run") {
    if (world.isCanceled) fail(world, { code: "CANCELED", thrown: CANCEL_REASON, skipRetry: true });
    else callOne("run", "task", 0, { behaviour: world.scenario.run, form: "positional" }, world);
    return;
  }
  const hadFailed = world.failure !== undefined;
  const plans = (world.scenario.globals[stage] ?? []).map((plan, index) => ["global", index, plan] as const);
  const own = world.scenario.own[stage];
  for (const [scope, index, plan] of [...plans, ...(own === undefined ? [] : [["task", 0, own] as const])]) {
    const isOff = world.isCanceled && stage !== "cleanup";
    // A hook that fails the attempt is the last of its kind, but for cleanup.
    const isStruck = stage !== "cleanup" && !hadFailed && world.failure !== undefined;
    if (!isOff && !isStruck) callOne(stage, scope, index, plan, world);
  }
}

function callOne(
  hook: HookName | "run",
  scope: HookScope,
  index: number,
  { behaviour, form }: HookPlan,
  world: World,
): void {
  const thrown = thrownBy(hook, scope, index, behaviour);
  world.calls.push({ hook, scope, index, positional: form === "positional" ? positionalOf(hook, world) : [] });
  world.handedOver.push(fieldsOf(hook, world));
  if (behaviour === "cancel" || behaviour === "cancel-throw") world.isCanceled = true;

  const name = scope === "global" ? `${hook}-${index}` : "";
  if (behaviour === "return" || behaviour === "cancel") {
    world.reports.push({ hook, scope, name, outcome: "ok" });
    if (hook === "init") world.init = { ...world.init, ...initReturnedBy(scope, index) };
    return;
  }
  const failsTheAttempt =
    hook === "run" || hook === "cleanup" || (behaviour === "uncaught" && world.failure === undefined);
  world.reports.push({ hook, scope, name, outcome: failsTheAttempt ? "failed" : "ignored", error: { thrown } });
  if (failsTheAttempt && world.failure === undefined && !(hook === "cleanup" && world.isCanceled)) {
    fail(world, { ...CODES[behaviour], thrown }, hook === "cleanup");
  }
}

/** What a failure of the attempt does to the agenda. */
function fail(world: World, failure: Failure, isInCleanup = false): void {
  world.failure = failure;
  const isOver = failure.skipRetry || world.scenario.attempt >= world.scenario.maxAttempts;
  const stillToComplete = world.calls.every(({ hook }) => hook !== "onComplete") && world.agenda.includes("onComplete");
  const epilogue: Stage[] = isOver ? ["onFailure", ...(stillToComplete ? (["onComplete"] as const) : [])] : [];
  world.agenda = isInCleanup ? epilogue : [...epilogue, "cleanup"];
}

const CODES = {
  throw: { code: "TASK_ERROR", skipRetry: false },
  reject: { code: "TASK_ERROR", skipRetry: false },
  "cancel-throw": { code: "TASK_ERROR", skipRetry: false },
  abort: { code: "TASK_ABORTED", skipRetry: true },
  uncaught: { code: "UNCAUGHT_EXCEPTION", skipRetry: false },
  return: undefined as never,
  cancel: undefined as never,
} as const satisfies Record<Behaviour, Omit<Failure, "thrown">>;

function positionalOf(hook: HookName | "run", { failure }: World): unknown[] {
  if (hook === "onSuccess") return [PAYLOAD, OUTPUT];
  if (hook === "onFailure") return [PAYLOAD, failure?.thrown];
  if (hook === "onComplete") return [PAYLOAD, failure === undefined ? OUTPUT : undefined];
  return [PAYLOAD];
}

function fieldsOf(hook: HookName | "run", { init, failure }: World): Record<string, unknown> {
  switch (hook) {
    case "init":
      return {};
    case "onSuccess":
      return { init, output: OUTPUT };
    case "onFailure":
      return { init, error: failure?.thrown };
    case "onComplete":
      return {
        init,
        result: failure === undefined ? { ok: true, data: OUTPUT } : { ok: false, error: failure.thrown },
      };
    default:
      return { init };
  }
}
