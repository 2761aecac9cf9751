import { fromBinary } from "@bufbuild/protobuf";
import { RunErrorCode, RunErrorSchema } from "@windlass/proto";
import type { TestCluster } from "../kit/index.ts";
import type { Kind } from "./kinds.ts";

const codeNames: ReadonlyMap<RunErrorCode, string> = new Map(
  Object.entries(RunErrorCode).map(([name, code]) => [code, name]),
);

/** What became of the runs of one kind. */
export interface KindResult {
  readonly kind: Kind;
  readonly runs: number;
  /** Runs that did not end as they must, and how they ended. */
  readonly wrong: readonly string[];
}

interface EndedRun {
  readonly id: string;
  readonly status: string;
  readonly outcomes: readonly string[];
  /** Of the last attempt: an encoded RunError. */
  readonly error: Uint8Array | null;
}

/** Compares how every run ended with how its kind must end. */
export async function checkEnds(
  cluster: TestCluster,
  kindOf: ReadonlyMap<string, Kind>,
): Promise<ReadonlyMap<string, KindResult>> {
  const ended = new Map((await listEnded(cluster)).map((run) => [run.id, run]));
  const results = new Map<string, { kind: Kind; runs: number; wrong: string[] }>();
  for (const [id, kind] of kindOf) {
    const result = results.get(kind.name) ?? { kind, runs: 0, wrong: [] };
    results.set(kind.name, result);
    result.runs += 1;
    const difference = differenceOf(kind, ended.get(id));
    if (difference !== undefined) result.wrong.push(`${id} ${difference}`);
  }
  return results;
}

/** Undefined when it ended as it must. */
function differenceOf(kind: Kind, run: EndedRun | undefined): string | undefined {
  if (run === undefined) return "has not ended";
  const code = run.error === null ? "" : (codeNames.get(fromBinary(RunErrorSchema, run.error).code) ?? "");
  const outcomes = run.outcomes.join(", ");
  const isExpected =
    run.status === kind.status &&
    (kind.code === undefined || code === kind.code) &&
    (kind.outcomes === undefined || outcomes === kind.outcomes.join(", "));
  return isExpected ? undefined : `is ${run.status} ${code} after ${outcomes || "no attempt"}`;
}

function listEnded(cluster: TestCluster): Promise<EndedRun[]> {
  return cluster.database.query<EndedRun>({
    name: "soak_ended",
    text: `SELECT r.id, r.status::text, coalesce(a.outcomes, '{}') AS outcomes, a.error
      FROM runs r LEFT JOIN LATERAL (
        SELECT array_agg(outcome::text ORDER BY number) AS outcomes, (array_agg(error ORDER BY number DESC))[1] AS error
        FROM attempts WHERE environment_id = r.environment_id AND run_id = r.id
      ) a ON true
      WHERE r.finish_time IS NOT NULL`,
  });
}
