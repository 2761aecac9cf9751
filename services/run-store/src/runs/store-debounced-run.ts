import type { Postgres, Queryable } from "@windlass/chassis";
import { lockDebounce, pointDebounce, putOffRun, releaseDebounce, replaceContents } from "../store/debounce-run.ts";
import { findRunsByRequest } from "../store/find-runs-by-request.ts";
import { selectNowMs } from "../store/select-now.ts";
import { type DescribedOutcome, type DescribedTrigger, insertRunsOf } from "./store-described-runs.ts";

/** What became of a debounced trigger: it made a run, it put one off, or it cannot. */
export type DebouncedOutcome =
  | DescribedOutcome
  | {
      readonly kind: "put off";
      readonly runId: string;
      readonly dueInMs: number;
      /** Null: it never expires. */
      readonly expireInMs: number | null;
    };

/**
 * Stores a debounced trigger. The lock of its key decides: while the run of the key is DELAYED it is put off, at most until its deadline, and takes the trigger's payload and
 * options when the trigger is a trailing one; else a new run is stored, DELAYED, for the triggers that follow to put off. All in one transaction, so that a key has one DELAYED run.
 * Undefined when the request id has made a run already.
 */
export function storeDebouncedRun(
  postgres: Postgres,
  run: DescribedTrigger,
  announce: boolean,
): Promise<DebouncedOutcome | undefined> {
  return postgres.transaction(async (tx) => {
    const { environmentId, taskId, debounce } = run;
    if (debounce === undefined) throw new Error("the trigger is not debounced");
    if ((await findRunsByRequest(tx, [run])).length > 0) return undefined;
    const key = { environmentId, taskId, key: debounce.key };
    const wanted = { ...key, runId: run.runId, maxDelayMs: debounce.maxDelayMs };
    const heldBy = await lockDebounce(tx, wanted);
    if (heldBy !== run.runId) {
      const delayed = await putOffRun(tx, key, heldBy, debounce.delayMs);
      if (delayed !== undefined) {
        const { expireInMs } = debounce.isTrailing ? await replaceContents(tx, heldBy, run) : delayed;
        return { kind: "put off", runId: heldBy, dueInMs: delayed.dueInMs, expireInMs };
      }
      await pointDebounce(tx, wanted);
    }
    return storeNew(tx, run, debounce.delayMs, () => releaseDebounce(tx, key), announce);
  });
}

async function storeNew(
  tx: Queryable,
  run: DescribedTrigger,
  delayMs: number,
  release: () => Promise<void>,
  announce: boolean,
): Promise<DescribedOutcome | undefined> {
  const startTimeUs = ((await selectNowMs(tx)) + delayMs) * 1_000;
  const outcomes = await insertRunsOf(tx, [{ ...run, startTimeUs }], announce);
  const outcome = outcomes.get(run.runId);
  if (outcome?.kind !== "stored") await release();
  return outcome;
}
