import { Link } from "@tanstack/react-router";
import type { Queue } from "@windlass/proto";
import styles from "./queue-load.module.css";

/** How many execute, and of how many that may. A limit for each concurrency key by itself can be exceeded by the sum of them. */
export function QueueLoad({ queue }: { readonly queue: Queue }) {
  const { name, running, concurrencyLimit: limit, isOverridden } = queue;
  const share = limit === undefined || limit === 0 ? 0 : Math.min(1, Number(running) / limit);
  return (
    <span className={styles["load"]}>
      <span className="number">
        {running === 0n ? (
          "0"
        ) : (
          <Link to="/runs" search={{ queue: name, status: "EXECUTING" }} title="Show the runs that execute">
            {String(running)}
          </Link>
        )}
        {limit !== undefined && <span className="soft"> / {limit.toLocaleString("en")}</span>}
      </span>
      {limit !== undefined && (
        <span className={styles["track"]} aria-hidden>
          <span className={styles["bar"]} data-full={share === 1} style={{ inlineSize: `${share * 100}%` }} />
        </span>
      )}
      {isOverridden && (
        <abbr className={styles["mark"]} title="An override holds instead of what the tasks declare">
          set
        </abbr>
      )}
    </span>
  );
}
