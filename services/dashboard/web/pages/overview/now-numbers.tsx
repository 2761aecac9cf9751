import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";
import { QueueService } from "@windlass/proto";
import type { ReactNode } from "react";
import { useRunCounts } from "../../api/use-run-counts.ts";
import { failedStatusText } from "../../format/run-status.ts";
import styles from "./now-numbers.module.css";

const PAGE_SIZE = 1_000;
const REFRESH_MS = 5_000;

/** How many runs wait and execute now, and how many failed within the hour. */
export function NowNumbers() {
  const counts = useRunCounts();
  const queues = useQuery(QueueService.method.listQueues, { pageSize: PAGE_SIZE }, { refetchInterval: REFRESH_MS });
  const paused = queues.data?.queues.filter(({ isPaused }) => isPaused).length ?? 0;
  return (
    <dl className={styles["numbers"]}>
      <Figure title="Queued" value={counts?.queued}>
        {paused > 0 ? (
          <Link to="/queues">
            {paused} {paused === 1 ? "queue is" : "queues are"} paused
          </Link>
        ) : (
          <Link to="/queues">in the queues</Link>
        )}
      </Figure>
      <Figure title="Executing" value={counts?.executing}>
        <Link to="/runs" search={{ status: "EXECUTING" }}>
          now
        </Link>
      </Figure>
      <Figure title="Failed" value={counts?.failed} isBad={counts !== undefined && counts.failed !== "0"}>
        <Link to="/runs" search={{ status: failedStatusText }}>
          within the hour
        </Link>
      </Figure>
    </dl>
  );
}

function Figure(props: {
  readonly title: string;
  readonly value: string | undefined;
  readonly isBad?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles["figure"]}>
      <dt>{props.title}</dt>
      <dd className={styles["value"]} data-bad={props.isBad === true}>
        {props.value ?? " "}
      </dd>
      <dd className={styles["more"]}>{props.children}</dd>
    </div>
  );
}
