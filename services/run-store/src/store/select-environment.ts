import type { Queryable } from "@windlass/chassis";
import { ENVIRONMENT_COLUMNS, type EnvironmentRow } from "./environment-row.ts";

const byId = { name: "select_environment", text: `SELECT ${ENVIRONMENT_COLUMNS} FROM environments WHERE id = $1` };
const bySlug = {
  name: "select_environment_by_slug",
  text: `SELECT ${ENVIRONMENT_COLUMNS} FROM environments WHERE slug = $1`,
};

export async function selectEnvironment(db: Queryable, environmentId: string): Promise<EnvironmentRow | undefined> {
  const [row] = await db.query<EnvironmentRow>(byId, [environmentId]);
  return row;
}

export async function selectEnvironmentBySlug(db: Queryable, slug: string): Promise<EnvironmentRow | undefined> {
  const [row] = await db.query<EnvironmentRow>(bySlug, [slug]);
  return row;
}
