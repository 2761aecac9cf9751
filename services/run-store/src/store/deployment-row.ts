import type { deploymentTasks, deployments } from "./schema/environments.ts";

export type DeploymentRow = Pick<
  typeof deployments.$inferSelect,
  "id" | "version" | "bundle_hash" | "index_hash" | "create_time"
> & {
  readonly is_current: boolean;
  /** The version that it replaced; null when there was none. */
  readonly replaced_version: string | null;
};

export type DeploymentTaskRow = Omit<typeof deploymentTasks.$inferSelect, "environment_id" | "deployment_id">;

/** For `FROM deployments d JOIN environments e`. */
export const DEPLOYMENT_COLUMNS = `
  d.id, d.version, d.bundle_hash, d.index_hash, d.create_time, d.id = e.current_deployment_id IS TRUE AS is_current,
  (SELECT r.version FROM deployments r WHERE r.environment_id = d.environment_id AND r.id = d.replaced_deployment_id) AS replaced_version`;
