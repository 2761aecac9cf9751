import type { Postgres, Queryable } from "@windlass/chassis";
import { type CallFailure, fieldInvalid } from "@windlass/proto/grpc";
import { compare } from "../run-order.ts";
import {
  claimIdempotencyKeys,
  findIdempotencyKeys,
  type NewIdempotencyKey,
  releaseIdempotencyKeys,
} from "../store/claim-idempotency-keys.ts";
import { findRunsByRequest } from "../store/find-runs-by-request.ts";
import { type InsertProblem, insertDescribedRuns, type NewDescribedRun } from "../store/insert-described-runs.ts";
import type { InsertedRun } from "../store/insert-runs.ts";
import type { ParsedDebounce } from "../validation/debounce.ts";

/** A run to be stored of which the trigger says more than most do. */
export interface DescribedTrigger extends NewDescribedRun {
  readonly idempotency: { readonly key: string; readonly ttlMs: number } | undefined;
  readonly debounce: ParsedDebounce | undefined;
}

/** What became of one: stored; its key already stood for a run; or it cannot be. Missing when its request id had already made a run. */
export type DescribedOutcome =
  | { readonly kind: "stored"; readonly row: InsertedRun }
  | { readonly kind: "cached"; readonly runId: string }
  | { readonly kind: "refused"; readonly failure: CallFailure };

/** By the run's id. */
export type Outcomes = Map<string, DescribedOutcome>;

/** A key or a request id can change hands between two statements; whoever loses so often in a row is not alone with its bad luck. */
const MAX_TRIES = 5;

/** Stores triggers with options. Those with an idempotency key take it in the same transaction, so that a key stands for exactly one run (I7). Sort by (environment, request id). */
export async function storeDescribedRuns(
  postgres: Postgres,
  runs: readonly DescribedTrigger[],
  announce: boolean,
): Promise<Outcomes> {
  if (runs.every((run) => run.idempotency === undefined)) return insertRunsOf(postgres, runs, announce);
  for (let tries = 1; ; tries += 1) {
    try {
      return await postgres.transaction((tx) => storeKeyed(tx, runs, announce));
    } catch (error) {
      if (!(error instanceof ChangedHands) || tries === MAX_TRIES) throw error;
    }
  }
}

/** Thrown to roll back what is built on a reading that is not true any more. */
class ChangedHands extends Error {
  constructor() {
    super("a key or a request id was taken by another transaction at the same moment");
    this.name = "ChangedHands";
  }
}

async function storeKeyed(tx: Queryable, runs: readonly DescribedTrigger[], announce: boolean): Promise<Outcomes> {
  const repeated = await findRepeated(tx, runs);
  const keys = distinctKeys(runs.filter((run) => !repeated.has(run.runId)));
  const winners = await claimIdempotencyKeys(tx, Array.from(keys.values()));
  const taken = Array.from(keys.values()).filter((key) => !winners.has(key.runId));
  const holders = taken.length === 0 ? [] : await findIdempotencyKeys(tx, taken);
  const holderByKey = new Map(taken.map((key, index) => [keyOf(key), holders[index]]));

  const fresh = runs.filter((run) => run.idempotency === undefined || winners.has(run.runId));
  const outcomes = await insertRunsOf(tx, fresh, announce);
  const unstored = Array.from(keys.values()).filter(
    (key) => winners.has(key.runId) && outcomes.get(key.runId)?.kind !== "stored",
  );
  // Its request id has made a run since it was looked for.
  if (unstored.some((key) => !outcomes.has(key.runId))) throw new ChangedHands();
  if (unstored.length > 0) await releaseIdempotencyKeys(tx, unstored);

  for (const run of runs) {
    if (run.idempotency === undefined || repeated.has(run.runId) || outcomes.has(run.runId)) continue;
    outcomes.set(run.runId, sameAs(keys.get(keyOf(keyed(run))), holderByKey.get(keyOf(keyed(run))), outcomes));
  }
  return outcomes;
}

/** What answers a trigger whose key another run has: one that was stored earlier, or one of the same batch. */
function sameAs(
  first: NewIdempotencyKey | undefined,
  holder: string | undefined,
  outcomes: ReadonlyMap<string, DescribedOutcome>,
): DescribedOutcome {
  if (holder !== undefined) return { kind: "cached", runId: holder };
  const outcome = first === undefined ? undefined : outcomes.get(first.runId);
  if (first === undefined || outcome === undefined) throw new ChangedHands();
  return outcome.kind === "refused" ? outcome : { kind: "cached", runId: first.runId };
}

/** Runs whose request id has already made a run: that one answers, whatever its key. */
async function findRepeated(tx: Queryable, runs: readonly DescribedTrigger[]): Promise<Set<string>> {
  const rows = await findRunsByRequest(tx, runs);
  const known = new Set(rows.map((row) => `${row.environment_id}/${row.request_id}`));
  return new Set(runs.filter((run) => known.has(`${run.environmentId}/${run.requestId}`)).map((run) => run.runId));
}

/** Each key with the first trigger that wants it (ids of runs grow with every trigger), in the order in which keys are locked. */
function distinctKeys(runs: readonly DescribedTrigger[]): Map<string, NewIdempotencyKey> {
  const keys = runs
    .filter((run) => run.idempotency !== undefined)
    .map(keyed)
    .toSorted(
      (a, b) =>
        compare(a.environmentId, b.environmentId) ||
        compare(a.taskId, b.taskId) ||
        compareBytes(a.key, b.key) ||
        compare(a.runId, b.runId),
    );
  const first = new Map<string, NewIdempotencyKey>();
  for (const key of keys) if (!first.has(keyOf(key))) first.set(keyOf(key), key);
  return first;
}

/** As the database orders keys, which may hold any character. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function keyed(run: DescribedTrigger): NewIdempotencyKey {
  const { environmentId, taskId, runId, idempotency } = run;
  return { environmentId, taskId, runId, key: idempotency?.key ?? "", ttlMs: idempotency?.ttlMs ?? 0 };
}

function keyOf({ environmentId, taskId, key }: NewIdempotencyKey): string {
  return JSON.stringify([environmentId, taskId, key]);
}

/** Stores runs that have no key, or whose key is theirs. */
export async function insertRunsOf(
  db: Queryable,
  runs: readonly NewDescribedRun[],
  announce: boolean,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  if (runs.length === 0) return outcomes;
  const byId = new Map(runs.map((run) => [run.runId, run]));
  for (const row of await insertDescribedRuns(db, runs, announce)) {
    if (row.problem === null) outcomes.set(row.id, { kind: "stored", row });
    else outcomes.set(row.id, { kind: "refused", failure: refusal(byId.get(row.id), row.problem) });
  }
  return outcomes;
}

function refusal(run: NewDescribedRun | undefined, problem: InsertProblem): CallFailure {
  switch (problem) {
    case "parent":
      return fieldInvalid({
        field: "trigger.parent_run_id",
        description: `must name a run of this environment; ${run?.parentRunId ?? ""} is none.`,
      });
    case "version":
      return fieldInvalid({
        field: "trigger.options.version",
        description: `must name a version of this environment; ${run?.version ?? ""} is none.`,
      });
    case "task":
      return fieldInvalid({
        field: "trigger.options.version",
        description: `must name a version that has the task; ${run?.version ?? ""} has none called ${run?.taskId ?? ""}.`,
      });
  }
}
