import type { Deployment, TaskDefinition } from "@windlass/proto";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { attemptsText } from "../../format/attempts.ts";
import { LinkButton } from "../../parts/link-button.tsx";
import { msOf } from "../../format/moments.ts";
import { CurrentBadge } from "./current-badge.tsx";
import styles from "./deployment-panel.module.css";
import { MakeCurrent } from "./make-current.tsx";
import { durationLimitText, queueText } from "./task-text.ts";

const columns: readonly Column<TaskDefinition>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(10rem, 1.3fr)",
    narrowWidth: "minmax(0, 1.4fr)",
    cell: ({ id, description }) => (
      <span className={styles["task"]} title={description}>
        {id}
      </span>
    ),
  },
  {
    key: "file",
    title: "File",
    width: "minmax(8rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ filePath, exportName }) => (
      <code className="soft" title={exportName === "" ? filePath : `${exportName} in ${filePath}`}>
        {filePath}
      </code>
    ),
  },
  { key: "queue", title: "Queue", width: "minmax(8rem, 1fr)", cell: (task) => soft(queueText(task)) },
  { key: "retry", title: "Retry", width: "6.5rem", cell: ({ retry }) => soft(attemptsText(retry)) },
  { key: "machine", title: "Machine", width: "5.5rem", cell: ({ machine }) => soft(machine || "small-1x") },
  { key: "limit", title: "At most", width: "5rem", cell: (task) => soft(durationLimitText(task)) },
  {
    key: "schedule",
    title: "Schedule",
    width: "minmax(7rem, 1fr)",
    cell: ({ cron }) =>
      cron === undefined ? (
        soft("–")
      ) : (
        <span title={cron.timezone}>
          <code>{cron.expression}</code> <span className="soft">{cron.timezone}</span>
        </span>
      ),
  },
];

/** One version with its tasks, and the way to make it current; or, of the current one, the way back to the one that it replaced. */
export function DeploymentPanel(props: {
  readonly deployment: Deployment;
  readonly current: Deployment | undefined;
  /** Those of which the tasks are known. */
  readonly deployments: readonly Deployment[];
}) {
  const { deployment, current, deployments } = props;
  const isCurrent = deployment.version === current?.version;
  const target = isCurrent ? deployment.replacedVersion : deployment.version;
  const tasks = deployment.tasks.toSorted((one, other) => one.id.localeCompare(other.id));
  return (
    <section aria-label={`Version ${deployment.version}`}>
      <header className={styles["header"]}>
        <h2 className={styles["title"]}>
          <span className="number">{deployment.version}</span>
          {isCurrent && <CurrentBadge />}
        </h2>
        <div className={styles["actions"]}>
          <LinkButton to="/runs" search={{ version: deployment.version }}>
            Its runs
          </LinkButton>
          {current !== undefined && target !== "" && (
            <MakeCurrent
              key={target}
              version={target}
              current={current}
              isOlder={isCurrent || (msOf(deployment.createTime) ?? 0) < (msOf(current.createTime) ?? 0)}
              tasks={deployments.find(({ version }) => version === target)?.tasks}
            />
          )}
        </div>
      </header>
      <DataTable label={`Tasks of ${deployment.version}`} columns={columns} rows={tasks} rowKey={({ id }) => id} />
    </section>
  );
}

function soft(text: string) {
  return (
    <span className="soft number" title={text}>
      {text}
    </span>
  );
}
