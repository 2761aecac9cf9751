import { fromBinary } from "@bufbuild/protobuf";
import type { Queryable } from "@windlass/chassis";
import { AttemptSchema } from "@windlass/proto";
import { listHooksOfEarlierAttempts } from "../store/list-hooks-of-earlier-attempts.ts";

const HOOK = "onComplete";

/**
 * Which of these runs have called onComplete in an ended attempt, by id: they were completed but for a cleanup that failed, and are repeated. It is called once per run, so the
 * next attempt is told. Runs in their first attempt need no question, and a claim of nothing but those asks none.
 */
export async function findToldCompletions(
  db: Queryable,
  repeatedRuns: readonly { readonly environmentId: string; readonly runId: string }[],
): Promise<ReadonlySet<string>> {
  if (repeatedRuns.length === 0) return new Set();
  const rows = await listHooksOfEarlierAttempts(db, repeatedRuns, HOOK);
  return new Set(
    rows
      .filter(({ hooks }) => fromBinary(AttemptSchema, hooks).hooks.some(({ hook }) => hook === HOOK))
      .map((row) => row.run_id),
  );
}
