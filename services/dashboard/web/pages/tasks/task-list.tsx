import { Link } from "@tanstack/react-router";
import type { TaskDefinition } from "@windlass/proto";
import type { ReactNode } from "react";
import { attemptsText } from "../../format/attempts.ts";
import { formatDuration } from "../../format/duration.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { RunTicks } from "./run-ticks.tsx";
import { formatRate, type TaskStatistics, taskStatistics } from "./task-statistics.ts";
import styles from "./tasks-page.module.css";
import { LAST_RUNS, useLastRuns } from "./use-last-runs.ts";

const columns: readonly Column<TaskDefinition>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(11rem, 1.6fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id }) => (
      <Link to="/tasks" search={{ task: id }} className={styles["task"]}>
        {id}
      </Link>
    ),
  },
  {
    key: "file",
    title: "File",
    width: "minmax(6rem, 1fr)",
    cell: ({ filePath }) => <code className="soft">{filePath}</code>,
  },
  {
    key: "queue",
    title: "Queue",
    width: "minmax(6rem, 1fr)",
    cell: ({ queue }) => <span className="soft">{queue}</span>,
  },
  {
    key: "retry",
    title: "Retry",
    width: "5.25rem",
    cell: ({ retry }) => <span className="soft">{attemptsText(retry)}</span>,
  },
  {
    key: "machine",
    title: "Machine",
    width: "5rem",
    cell: ({ machine }) => <span className="soft">{machine === "" ? "small-1x" : machine}</span>,
  },
  {
    key: "schedule",
    title: "Schedule",
    width: "minmax(6rem, 0.9fr)",
    cell: ({ cron }) => (cron === undefined ? <span className="soft">–</span> : <code>{cron.expression}</code>),
  },
  {
    key: "last",
    title: "Last runs",
    width: "8.5rem",
    cell: ({ id }) => <LastRuns taskId={id} />,
  },
  {
    key: "success",
    title: "Success",
    width: "7rem",
    narrowWidth: "6.5rem",
    align: "end",
    cell: ({ id }) => <Statistic taskId={id} show={successText} />,
  },
  {
    key: "p50",
    title: "p50",
    width: "4.75rem",
    narrowWidth: "4rem",
    align: "end",
    cell: ({ id }) => <Statistic taskId={id} show={({ p50Ms }) => durationText(p50Ms)} />,
  },
  {
    key: "p95",
    title: "p95",
    width: "4.75rem",
    align: "end",
    cell: ({ id }) => <Statistic taskId={id} show={({ p95Ms }) => durationText(p95Ms)} />,
  },
];

/** Every task, with what its last runs tell. Runs are read for the rows in sight alone. */
export function TaskList({ tasks }: { readonly tasks: readonly TaskDefinition[] }) {
  return (
    <>
      <DataTable label="Tasks" columns={columns} rows={tasks} rowKey={({ id }) => id} />
      <p className={styles["note"]}>
        Success: completed of those among a task’s last {LAST_RUNS} runs that ended without being canceled. p50 and p95:
        durations of the completed ones.
      </p>
    </>
  );
}

function LastRuns({ taskId }: { readonly taskId: string }) {
  const runs = useLastRuns(taskId);
  return runs === undefined ? undefined : <RunTicks runs={runs} />;
}

function Statistic({ taskId, show }: { readonly taskId: string; readonly show: (told: TaskStatistics) => ReactNode }) {
  const runs = useLastRuns(taskId);
  return <span className="number">{runs === undefined ? "" : show(taskStatistics(runs))}</span>;
}

function successText({ successRate, endedCount }: TaskStatistics): ReactNode {
  if (successRate === undefined) return <span className="soft">–</span>;
  return (
    <>
      {formatRate(successRate)} <span className="soft">of {endedCount}</span>
    </>
  );
}

function durationText(ms: number | undefined): ReactNode {
  return ms === undefined ? <span className="soft">–</span> : formatDuration(ms);
}
