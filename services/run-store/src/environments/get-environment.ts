import type { Queryable } from "@windlass/chassis";
import type { Environment } from "@windlass/proto";
import { environmentToProto } from "../conversions/environment-to-proto.ts";
import { environmentNotFound } from "../failures.ts";
import { selectEnvironment } from "../store/select-environment.ts";

/** Reads an environment. Throws ENVIRONMENT_NOT_FOUND. */
export async function getEnvironment(db: Queryable, environmentId: string): Promise<Environment> {
  const row = await selectEnvironment(db, environmentId);
  if (row === undefined) throw environmentNotFound(environmentId);
  return environmentToProto(row);
}
