import type { Queryable } from "@windlass/chassis";
import { ENVIRONMENT_COLUMNS, type EnvironmentRow } from "./environment-row.ts";

const statement = {
  name: "insert_environment",
  text: `
    INSERT INTO environments (id, slug, type, project) VALUES ($1, $2, $3, $4)
    ON CONFLICT (slug) DO NOTHING
    RETURNING ${ENVIRONMENT_COLUMNS}`,
};

/** Stores an environment; undefined when its slug is taken, and then nothing has changed. */
export async function insertEnvironment(
  db: Queryable,
  environment: Pick<EnvironmentRow, "id" | "slug" | "type" | "project">,
): Promise<EnvironmentRow | undefined> {
  const { id, slug, type, project } = environment;
  const [row] = await db.query<EnvironmentRow>(statement, [id, slug, type, project]);
  return row;
}
