import type { HookName } from "../../task/hook-types.ts";
import type { HookScope, LifecycleAttempt } from "./lifecycle-attempt.ts";

/** "interrupted": an exception outside of the call ended it before it settled. */
export interface Thrown {
  readonly kind: "threw" | "interrupted";
  readonly thrown: unknown;
}

/** What became of a call. */
export type Settled = { readonly kind: "returned"; readonly value: unknown } | Thrown;

/** What to report when a call does not return. */
export type ThrowOutcomes = Readonly<Record<Thrown["kind"], "ignored" | "failed">>;

type Surroundings = Pick<LifecycleAttempt<unknown>, "interruption" | "report" | "clock">;

/** Calls one function of the user's, waits until it settles or is interrupted, and reports it. Never throws. */
export async function callReported(
  { interruption, report, clock }: Surroundings,
  called: { readonly hook: HookName | "run"; readonly scope: HookScope; readonly name: string },
  outcomes: ThrowOutcomes,
  call: () => unknown,
): Promise<Settled> {
  const startMs = clock.wallMs();
  const started = clock.monotonicMs();
  const settled = await new Promise<Settled>((resolve) => {
    interruption.listen((thrown) => resolve({ kind: "interrupted", thrown }));
    // An async function, so that a throw and a rejection are the same.
    const calling = async () => call();
    calling().then(
      (value) => resolve({ kind: "returned", value }),
      (thrown: unknown) => resolve({ kind: "threw", thrown }),
    );
  });
  interruption.unlisten();
  const times = { startMs, durationMs: clock.monotonicMs() - started };
  report(
    settled.kind === "returned"
      ? { ...called, ...times, outcome: "ok" }
      : { ...called, ...times, outcome: outcomes[settled.kind], error: { thrown: settled.thrown } },
  );
  return settled;
}
