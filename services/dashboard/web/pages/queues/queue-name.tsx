import type { Queue } from "@windlass/proto";
import { CirclePause } from "lucide-react";
import { Badge } from "../../parts/badge.tsx";
import { Time } from "../../parts/time.tsx";
import { msOf } from "../../format/moments.ts";
import styles from "./queue-name.module.css";
import { rateText } from "../../format/queue-text.ts";

/** A queue's name and whether it is paused; on a phone also what has no column there. */
export function QueueName({ queue }: { readonly queue: Queue }) {
  const oldestMs = msOf(queue.oldestQueueTime);
  return (
    <>
      <span className={styles["line"]}>
        <span className={styles["name"]} title={queue.name}>
          {queue.name}
        </span>
        {queue.isPaused && (
          <Badge icon={CirclePause} tone="wait">
            Paused
          </Badge>
        )}
      </span>
      {(oldestMs !== undefined || queue.rateLimit !== undefined) && (
        <span className={styles["more"]}>
          {oldestMs !== undefined && (
            <span>
              oldest <Time ms={oldestMs} as="distance" />
            </span>
          )}
          {queue.rateLimit !== undefined && <span>{rateText(queue.rateLimit)}</span>}
        </span>
      )}
    </>
  );
}
