import type { apiKeys } from "./schema/environment-settings.ts";
import type { environments } from "./schema/environments.ts";

export type EnvironmentRow = Pick<
  typeof environments.$inferSelect,
  "id" | "slug" | "type" | "project" | "create_time" | "concurrency_limit"
>;

export type ApiKeyRow = Pick<
  typeof apiKeys.$inferSelect,
  "id" | "environment_id" | "name" | "hash" | "last_four" | "create_time" | "revoke_time"
>;

export const ENVIRONMENT_COLUMNS = "id, slug, type, project, create_time, concurrency_limit";
export const API_KEY_COLUMNS = "id, environment_id, name, hash, last_four, create_time, revoke_time";
