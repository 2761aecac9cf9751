import { Link } from "@tanstack/react-router";
import { RunStatus } from "@windlass/proto";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Quiet } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import styles from "./failing-tasks.module.css";
import type { RunSample } from "./use-run-sample.ts";

interface FailingTask {
  readonly taskId: string;
  readonly failed: number;
  readonly ended: number;
  readonly lastMs: number;
}

const MAX_SHOWN = 8;

const columns: readonly Column<FailingTask>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(10rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ taskId }) => (
      <Link
        to="/runs"
        search={{ task: taskId, status: "FAILED,CRASHED,SYSTEM_FAILURE,TIMED_OUT,EXPIRED" }}
        className={styles["task"]}
      >
        {taskId}
      </Link>
    ),
  },
  {
    key: "failed",
    title: "Failed",
    width: "6rem",
    narrowWidth: "3.5rem",
    align: "end",
    cell: ({ failed }) => <span className="number">{failed}</span>,
  },
  {
    key: "share",
    title: "Of those ended",
    width: "8rem",
    narrowWidth: "6rem",
    align: "end",
    cell: ({ failed, ended }) => <span className="number">{((failed / ended) * 100).toFixed(1)} %</span>,
  },
  {
    key: "last",
    title: "Last",
    width: "7rem",
    align: "end",
    cell: ({ lastMs }) => <Time ms={lastMs} as="distance" />,
  },
];

/** The tasks of which most runs failed, each with the way to these runs. */
export function FailingTasks({ sample }: { readonly sample: RunSample }) {
  const tasks = failingTasks(sample);
  if (tasks.length === 0) {
    return (
      <Panel title="Failing tasks">
        <Quiet>None of these runs failed.</Quiet>
      </Panel>
    );
  }
  return (
    <section aria-label="Failing tasks">
      <h2 className={styles["title"]}>Failing tasks</h2>
      <DataTable label="Failing tasks" columns={columns} rows={tasks} rowKey={({ taskId }) => taskId} />
    </section>
  );
}

function failingTasks({ runs }: RunSample): readonly FailingTask[] {
  const byTask = new Map<string, FailingTask>();
  for (const { taskId, status, finishMs } of runs) {
    if (finishMs === undefined) continue;
    const { failed, ended, lastMs } = byTask.get(taskId) ?? { failed: 0, ended: 0, lastMs: 0 };
    const isFailed = status !== RunStatus.COMPLETED && status !== RunStatus.CANCELED;
    const task = { taskId, failed: failed + (isFailed ? 1 : 0), ended: ended + 1 };
    byTask.set(taskId, { ...task, lastMs: isFailed ? Math.max(lastMs, finishMs) : lastMs });
  }
  const failing = [...byTask.values()].filter(({ failed }) => failed > 0);
  return failing.toSorted((one, other) => other.failed - one.failed).slice(0, MAX_SHOWN);
}
