import type { Batch } from "@windlass/proto";
import { CircleCheck, LoaderCircle, TriangleAlert } from "lucide-react";
import { Badge } from "../../parts/badge.tsx";
import styles from "./batch-progress.module.css";

/** Runs of a batch that have not ended. */
export function openCount({ runCount, completedCount, unsuccessfulCount }: Batch): bigint {
  return runCount - completedCount - unsuccessfulCount;
}

/** Whether a batch has runs that go on, and whether all that has ended ended well. */
export function BatchState({ batch }: { readonly batch: Batch }) {
  if (openCount(batch) > 0n)
    return (
      <Badge icon={LoaderCircle} tone="busy" isSpinning>
        Running
      </Badge>
    );
  return batch.unsuccessfulCount > 0n || batch.failedItemCount > 0n ? (
    <Badge icon={TriangleAlert} tone="bad">
      With failures
    </Badge>
  ) : (
    <Badge icon={CircleCheck} tone="good">
      Completed
    </Badge>
  );
}

/** How far a batch is: a bar, its shares told by the numbers beside it too. */
export function BatchBar({ batch }: { readonly batch: Batch }) {
  const total = Number(batch.runCount);
  const share = (count: bigint): number => (total === 0 ? 0 : Number(count) / total);
  return (
    <svg
      className={styles["bar"]}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${batch.completedCount} completed, ${batch.unsuccessfulCount} not, of ${batch.runCount}`}
    >
      <rect className={styles["rest"]} width={100} height={6} />
      <rect className={styles["good"]} width={100 * share(batch.completedCount)} height={6} />
      <rect
        className={styles["bad"]}
        x={100 * share(batch.completedCount)}
        width={100 * share(batch.unsuccessfulCount)}
        height={6}
      />
    </svg>
  );
}
