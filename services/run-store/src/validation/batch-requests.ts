import type { GetBatchRequest, ListBatchesRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { BATCH_ID } from "./field-rules.ts";
import { type Page, parsePage } from "./page.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

const BATCH_PAGE = { max: 100, default: 20 };

/** What a page token of ListBatches is bound to. */
export const BATCH_LIST = ["batches"] as const;

/** Checks GetBatch. Throws FIELD_INVALID. */
export function parseGetBatch(request: GetBatchRequest): string {
  const violations: Violation[] = [];
  const batchId = parseText(request.batchId, BATCH_ID, "batch_id", violations);
  throwIfInvalid(violations);
  return batchId;
}

/** Checks ListBatches. Throws FIELD_INVALID, also for a page token of another list. */
export function parseListBatches(request: ListBatchesRequest): Page {
  const violations: Violation[] = [];
  const page = parsePage(request, BATCH_PAGE, BATCH_LIST, violations);
  throwIfInvalid(violations);
  return page;
}
