import type { Queryable } from "@windlass/chassis";
import type { Run } from "@windlass/proto";
import { fieldInvalid } from "@windlass/proto/grpc";
import { contentToProto, runToProto } from "../conversions/run-to-proto.ts";
import { runNotFound } from "../failures.ts";
import { MAX_TAGS } from "../run-limits.ts";
import { selectRun } from "../store/select-run.ts";
import * as store from "../store/update-run.ts";

/**
 * Changes what describes a run, in whatever status it is; idempotent. Returns it with its metadata. Throws RUN_NOT_FOUND, and FIELD_INVALID when it would have more than 10 tags.
 */
export async function updateRun(db: Queryable, update: store.RunUpdate): Promise<Run> {
  const isUpdated = await store.updateRun(db, update);
  const row = await selectRun(db, update.environmentId, update.runId);
  if (row === undefined) throw runNotFound(update.runId);
  if (!isUpdated) {
    throw fieldInvalid({
      field: "add_tags",
      description: `must leave the run with at most ${MAX_TAGS} tags in all; it has ${row.tags.length}.`,
    });
  }
  return runToProto(row, { metadata: contentToProto(row.metadata, row.metadata_type) });
}
