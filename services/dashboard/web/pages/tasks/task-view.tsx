import { Link } from "@tanstack/react-router";
import type { Run, TaskDefinition } from "@windlass/proto";
import { ListTree } from "lucide-react";
import { formatDuration } from "../../format/duration.ts";
import { msOf } from "../../format/moments.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Duration } from "../../parts/duration.tsx";
import { Facts } from "../../parts/facts.tsx";
import { LinkButton } from "../../parts/link-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Empty, Loading } from "../../parts/states.tsx";
import { SchemaPanel } from "../../parts/schema-panel.tsx";
import { StatusBadge } from "../../parts/status-badge.tsx";
import { Time } from "../../parts/time.tsx";
import { Trail } from "../../parts/trail.tsx";
import { payloadSchemaOf } from "../../schema/payload-schema.ts";
import { lengthText, rateText } from "../../format/queue-text.ts";
import { retryText } from "./retry-text.ts";
import { formatRate, taskStatistics } from "./task-statistics.ts";
import styles from "./tasks-page.module.css";
import { LAST_RUNS, useLastRuns } from "./use-last-runs.ts";

const SHOWN_RUNS = 20;

const columns: readonly Column<Run>[] = [
  {
    key: "id",
    title: "Run",
    width: "minmax(12rem, 2fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id }) => (
      <Link to="/runs/$runId" params={{ runId: id }} preload={false}>
        <code>{id}</code>
      </Link>
    ),
  },
  {
    key: "status",
    title: "Status",
    width: "9rem",
    narrowWidth: "auto",
    cell: ({ status }) => <StatusBadge status={status} />,
  },
  { key: "version", title: "Version", width: "8rem", cell: ({ version }) => <span className="soft">{version}</span> },
  {
    key: "duration",
    title: "Duration",
    width: "6rem",
    align: "end",
    cell: (run) => <Duration fromMs={msOf(run.startTime)} toMs={msOf(run.finishTime)} />,
  },
  {
    key: "time",
    title: "Triggered",
    width: "6.5rem",
    narrowWidth: "5.25rem",
    align: "end",
    cell: (run) => <Time ms={msOf(run.createTime)} as="distance" />,
  },
];

/** One task: how it is set up, and how its last runs went. */
export function TaskView({ task }: { readonly task: TaskDefinition }) {
  const runs = useLastRuns(task.id);
  const schema = payloadSchemaOf(task);
  return (
    <>
      <PageHeader
        title={task.id}
        heading={
          <Trail to="/tasks" from="Tasks">
            {task.id}
          </Trail>
        }
      >
        <LinkButton to="/runs" search={{ task: task.id }}>
          All its runs
        </LinkButton>
        <LinkButton to="/test" search={{ task: task.id }}>
          Test
        </LinkButton>
      </PageHeader>
      {task.description !== "" && <p className={styles["about"]}>{task.description}</p>}
      <div className={styles["column"]}>
        {runs !== undefined && <Figures runs={runs} />}
        <TaskFacts task={task} />
        <h2 className={styles["subtitle"]}>Last runs</h2>
        <LastRuns runs={runs} />
        {schema !== undefined && <SchemaPanel schema={schema} />}
      </div>
    </>
  );
}

function Figures({ runs }: { readonly runs: readonly Run[] }) {
  const { successRate, endedCount, p50Ms, p95Ms } = taskStatistics(runs);
  const figures = [
    ["Success", successRate === undefined ? "–" : formatRate(successRate)],
    ["p50 duration", p50Ms === undefined ? "–" : formatDuration(p50Ms)],
    ["p95 duration", p95Ms === undefined ? "–" : formatDuration(p95Ms)],
    ["Counted runs", String(endedCount)],
  ] as const;
  return (
    <Panel title={`Of its last ${Math.min(runs.length, LAST_RUNS)} runs`}>
      <dl className={styles["figures"]}>
        {figures.map(([name, value]) => (
          <div key={name} className={styles["figure"]}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function TaskFacts({ task }: { readonly task: TaskDefinition }) {
  const { filePath, exportName, queue, machine, cron, maxDurationSeconds, retry } = task;
  const { queueConcurrencyLimit, queueRateLimit, queueMaxLength } = task;
  return (
    <Panel title="About">
      <Facts
        facts={[
          ["File", <code key="file">{filePath}</code>],
          ["Export", exportName === "" ? undefined : <code key="export">{exportName}</code>],
          [
            "Queue",
            <Link key="queue" to="/runs" search={{ queue }} title="Show the runs of the queue">
              {queue}
            </Link>,
          ],
          ["Queue runs at once", queueConcurrencyLimit],
          ["Queue begins at most", queueRateLimit && rateText(queueRateLimit)],
          ["Queue holds at most", queueMaxLength && lengthText(queueMaxLength)],
          ["Machine", machine === "" ? "small-1x" : machine],
          ["Longest attempt", maxDurationSeconds === 0 ? "No limit" : formatDuration(maxDurationSeconds * 1_000)],
          ["Process", task.needsFreshProcess ? "A fresh one each attempt" : "Used again"],
          ["Retry", retry === undefined ? undefined : retryText(retry)],
          [
            "Schedule",
            cron === undefined ? undefined : (
              <span key="cron">
                <code>{cron.expression}</code> {cron.timezone === "" ? "UTC" : cron.timezone}
              </span>
            ),
          ],
          ["Payload", payloadText(task)],
        ]}
      />
    </Panel>
  );
}

function payloadText(task: TaskDefinition): string {
  if (task.isScheduled) return "A tick of a schedule";
  return task.payloadSchemaJson === "" ? "Not described" : "As its schema says, below";
}

function LastRuns({ runs }: { readonly runs: readonly Run[] | undefined }) {
  if (runs === undefined) return <Loading rows={4} />;
  return runs.length === 0 ? (
    <Empty icon={ListTree} title="It has not run yet" />
  ) : (
    <DataTable label="Last runs" columns={columns} rows={runs.slice(0, SHOWN_RUNS)} rowKey={({ id }) => id} />
  );
}
