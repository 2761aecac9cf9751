import type { Queryable, Statement } from "@windlass/chassis";
import { lookUp } from "./sql.ts";

const FIND_RUNS_BY_REQUEST: Statement = {
  name: "find_runs_by_request",
  text: `
SELECT c.environment_id, c.request_id, c.run_id
FROM unnest($1::text[], $2::text[]) AS i (environment_id, request_id)
JOIN run_contents c ON ${lookUp("c.environment_id", "i.environment_id")} AND ${lookUp("c.request_id", "i.request_id")} AND c.request_id <> ''`,
};

/** The runs that request ids have made. */
export function findRunsByRequest(
  db: Queryable,
  requests: readonly { readonly environmentId: string; readonly requestId: string }[],
): Promise<{ readonly environment_id: string; readonly request_id: string; readonly run_id: string }[]> {
  return db.query(FIND_RUNS_BY_REQUEST, [
    requests.map((request) => request.environmentId),
    requests.map((request) => request.requestId),
  ]);
}
