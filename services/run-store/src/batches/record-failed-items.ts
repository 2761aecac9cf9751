import { toBinary } from "@bufbuild/protobuf";
import type { Queryable } from "@windlass/chassis";
import { CallErrorSchema, type Trigger } from "@windlass/proto";
import { type CallFailure, callErrorFromFailure, status } from "@windlass/proto/grpc";
import { insertBatchFailures, type NewBatchFailure } from "../store/insert-batch-failures.ts";
import { BATCH_ID } from "../validation/field-rules.ts";

/** What can be tried again as it is does not fail its item. */
const MAY_SUCCEED_LATER: ReadonlySet<number> = new Set([
  status.RESOURCE_EXHAUSTED,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.ABORTED,
]);

const MAX_REQUEST_ID_CHARACTERS = 64;
const MAX_TASK_ID_CHARACTERS = 256;

/** Stores which items of batches cannot become runs, before they are answered: so that a batch tells of them for as long as it is there. Items without a batch are left out. */
export async function recordFailedItems(
  db: Queryable,
  environmentId: string,
  items: readonly { readonly trigger: Trigger; readonly failure: CallFailure }[],
): Promise<void> {
  const failures = items.flatMap(({ trigger, failure }): NewBatchFailure[] => {
    const batchId = trigger.options?.batchId ?? "";
    const isOfBatch = batchId.length <= BATCH_ID.max && BATCH_ID.alphabet.pattern.test(batchId);
    if (!isOfBatch || MAY_SUCCEED_LATER.has(failure.code)) return [];
    return [
      {
        batchId,
        requestId: trigger.requestId.slice(0, MAX_REQUEST_ID_CHARACTERS).replaceAll(/[^A-Za-z0-9_-]/g, "_"),
        taskId: printable(trigger.taskId.slice(0, MAX_TASK_ID_CHARACTERS)),
        error: toBinary(CallErrorSchema, callErrorFromFailure(failure)),
      },
    ];
  });
  if (failures.length > 0) await insertBatchFailures(db, environmentId, failures);
}

/** What the database can store of a text that was refused. */
function printable(text: string): string {
  return text.toWellFormed().replaceAll(/\p{Cc}/gu, "\uFFFD");
}
