import type { Queryable } from "@windlass/chassis";
import { DEPLOYMENT_COLUMNS, type DeploymentRow } from "./deployment-row.ts";

// The page ends early when the tasks of its deployments would not fit into one message; its first deployment always goes.
const statement = {
  name: "list_deployments",
  text: `
    SELECT * FROM (
      SELECT d.*, count(*) OVER ()::int4 AS found, sum(d.index_bytes) OVER (ORDER BY d.id DESC) - d.index_bytes AS bytes_before
      FROM (
        SELECT ${DEPLOYMENT_COLUMNS}, (
          SELECT sum(2 * octet_length(task_id) + octet_length(file_path) + octet_length(export_name) + octet_length(queue) + octet_length(description) + coalesce(octet_length(payload_schema_json), 0) + 128)
          FROM deployment_tasks t WHERE t.environment_id = d.environment_id AND t.deployment_id = d.id
        ) AS index_bytes
        FROM deployments d JOIN environments e ON e.id = d.environment_id
        WHERE d.environment_id = $1 AND ($2::text IS NULL OR d.id < $2 COLLATE "C")
        ORDER BY d.id DESC LIMIT $3::int4 + 1
      ) d
    ) page WHERE bytes_before < $4::int8 ORDER BY id DESC LIMIT $3`,
};

/** Some versions, newest first. */
export interface DeploymentPage {
  readonly deployments: readonly DeploymentRow[];
  readonly hasMore: boolean;
}

/** The versions made before the one named `afterId`: at most `limit`, and fewer when their tasks exceed `maxIndexBytes`. */
export async function listDeployments(
  db: Queryable,
  environmentId: string,
  page: { readonly afterId: string | undefined; readonly limit: number; readonly maxIndexBytes: number },
): Promise<DeploymentPage> {
  const { afterId, limit, maxIndexBytes } = page;
  const rows = await db.query<DeploymentRow & { found: number }>(statement, [
    environmentId,
    afterId ?? null,
    limit,
    maxIndexBytes,
  ]);
  return { deployments: rows, hasMore: (rows[0]?.found ?? 0) > rows.length };
}
