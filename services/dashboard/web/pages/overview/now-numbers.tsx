import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";
import { type ListQueuesResponse, type ListRunsResponse, QueueService, RunService, RunStatus } from "@windlass/proto";
import type { ReactNode } from "react";
import { msOf } from "../../format/moments.ts";
import { statusName } from "../../format/run-status.ts";
import { useNow } from "../../parts/use-now.ts";
import styles from "./now-numbers.module.css";

const PAGE_SIZE = 1_000;
const REFRESH_MS = 2_000;
const REFRESH_FAILED_MS = 5_000;
const HOUR_MS = 3_600_000;
const failures = [
  RunStatus.FAILED,
  RunStatus.CRASHED,
  RunStatus.SYSTEM_FAILURE,
  RunStatus.TIMED_OUT,
  RunStatus.EXPIRED,
];

/** How many runs wait and execute now, and how many failed within the hour. */
export function NowNumbers() {
  const nowMs = useNow();
  const queues = useQuery(QueueService.method.listQueues, { pageSize: PAGE_SIZE }, { refetchInterval: REFRESH_MS });
  const failed = useQuery(
    RunService.method.listRuns,
    { pageSize: PAGE_SIZE, statuses: failures },
    { refetchInterval: REFRESH_FAILED_MS },
  );
  const paused = queues.data?.queues.filter(({ isPaused }) => isPaused).length ?? 0;
  const failedCount = failed.data && failedSince(failed.data, nowMs - HOUR_MS);
  return (
    <dl className={styles["numbers"]}>
      <Figure title="Queued" value={sumText(queues.data, "depth")}>
        {paused > 0 ? (
          <Link to="/queues">
            {paused} {paused === 1 ? "queue is" : "queues are"} paused
          </Link>
        ) : (
          <Link to="/queues">in the queues</Link>
        )}
      </Figure>
      <Figure title="Executing" value={sumText(queues.data, "running")}>
        <Link to="/runs" search={{ status: "EXECUTING" }}>
          now
        </Link>
      </Figure>
      <Figure title="Failed" value={failedCount} isBad={failedCount !== undefined && failedCount !== "0"}>
        <Link to="/runs" search={{ status: failures.map(statusName).join(",") }}>
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

/** "12"; "12+" when there are more queues than were read. */
function sumText(answer: ListQueuesResponse | undefined, field: "depth" | "running"): string | undefined {
  if (answer === undefined) return undefined;
  const sum = answer.queues.reduce((total, queue) => total + queue[field], 0n);
  return `${sum.toLocaleString("en")}${answer.nextPageToken === "" ? "" : "+"}`;
}

function failedSince({ runs, nextPageToken }: ListRunsResponse, sinceMs: number): string {
  const count = runs.filter(({ finishTime }) => (msOf(finishTime) ?? 0) >= sinceMs).length;
  return `${count.toLocaleString("en")}${nextPageToken === "" || count < runs.length ? "" : "+"}`;
}
