import type { HookName } from "../../task/hook-types.ts";
import type { InterruptibleCall, Interrupted } from "./interruption.ts";
import type { HookReport, HookScope, LifecycleAttempt } from "./lifecycle-attempt.ts";

/** A call that did not return, and why: it threw, or what happened outside of it ended it. */
export interface NotReturned {
  readonly kind: "threw" | Interrupted["kind"];
  readonly thrown: unknown;
}

/** What became of a call. */
export type Settled = { readonly kind: "returned"; readonly value: unknown } | NotReturned;

/** The function that is called, as it is reported. */
export interface Called {
  readonly hook: HookName | "run";
  readonly scope: HookScope;
  readonly name: string;
}

/** What to report of a call that did not return. */
export type OutcomeOf = (settled: NotReturned) => Exclude<HookReport["outcome"], "ok">;

export type Surroundings = Pick<LifecycleAttempt<unknown>, "interruption" | "report" | "clock" | "signal">;

/** Calls one function of the user's, waits until it settles or is interrupted, and reports it. Never throws. */
export async function callReported(
  surroundings: Surroundings,
  called: Called,
  outcomeOf: OutcomeOf,
  call: () => unknown,
): Promise<Settled> {
  const { report, clock } = surroundings;
  const startMs = clock.wallMs();
  const started = clock.monotonicMs();
  const settled = await callInterruptibly(surroundings, called.hook, call);
  const times = { startMs, durationMs: clock.monotonicMs() - started };
  report(
    settled.kind === "returned"
      ? { ...called, ...times, outcome: "ok" }
      : { ...called, ...times, outcome: outcomeOf(settled), error: { thrown: settled.thrown } },
  );
  return settled;
}

/** The same without a report. */
export async function callInterruptibly(
  { interruption, signal }: Pick<Surroundings, "interruption" | "signal">,
  hook: HookName | "run" | "parsePayload",
  call: () => unknown,
): Promise<Settled> {
  const { promise, resolve } = Promise.withResolvers<Settled>();
  const entry: InterruptibleCall = {
    isRun: hook === "run",
    takesUncaught: !besideOthers.has(hook),
    interrupt: (reason) =>
      resolve(reason.kind === "uncaught" ? reason : { kind: "given up", thrown: signal.reason as unknown }),
  };
  interruption.enter(entry);
  // An async function, so that a throw and a rejection are the same.
  const calling = async () => call();
  calling().then(
    (value) => resolve({ kind: "returned", value }),
    (thrown: unknown) => resolve({ kind: "threw", thrown }),
  );
  const settled = await promise;
  interruption.leave(entry);
  return settled;
}

const besideOthers: ReadonlySet<string> = new Set<HookName>(["onWait", "onResume", "onCancel"]);
