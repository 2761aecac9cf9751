import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { TaskDefinition } from "@windlass/proto";
import { FlaskConical, Play } from "lucide-react";
import { useCurrentTasks } from "../../api/use-current-tasks.ts";
import { Button } from "../../parts/button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { PayloadTest } from "./payload-test.tsx";
import styles from "./test-page.module.css";
import { TickTest } from "./tick-test.tsx";

const route = getRouteApi("/app/test");
const FORM_ID = "test";

/** Triggers a task by hand, with everything that a trigger can say. */
export function TestPage() {
  const { task: taskId, schedule = "" } = route.useSearch();
  const query = useCurrentTasks();
  const task = query.data?.find(({ id }) => id === taskId) ?? (taskId === undefined ? query.data?.[0] : undefined);
  return (
    <>
      <PageHeader title="Test">
        {query.data !== undefined && query.data.length > 0 && <TaskChoice tasks={query.data} chosen={task?.id ?? ""} />}
        <Button look="strong" type="submit" form={FORM_ID} icon={Play} disabled={task === undefined} title="Ctrl+Enter">
          Run test
        </Button>
      </PageHeader>
      <Queried query={query}>
        {(tasks) => {
          if (tasks.length === 0) return <NothingDeployed />;
          if (task === undefined) return <UnknownTask taskId={taskId ?? ""} />;
          const Form = task.isScheduled ? TickTest : PayloadTest;
          return <Form key={`${task.id} ${schedule}`} task={task} formId={FORM_ID} scheduleId={schedule} />;
        }}
      </Queried>
    </>
  );
}

function TaskChoice({ tasks, chosen }: { readonly tasks: readonly TaskDefinition[]; readonly chosen: string }) {
  const navigate = useNavigate();
  return (
    <div className={styles["choice"]}>
      <SelectField
        label="Task"
        isLabelUnseen
        value={chosen}
        onChange={(event) => void navigate({ to: "/test", search: { task: event.target.value } })}
      >
        {chosen === "" && <option value="">Choose a task</option>}
        {tasks.map(({ id, isScheduled }) => (
          <option key={id} value={id}>
            {id}
            {isScheduled ? " (scheduled)" : ""}
          </option>
        ))}
      </SelectField>
    </div>
  );
}

function NothingDeployed() {
  return (
    <Empty icon={FlaskConical} title="No task to test yet">
      Deploy one with <code>windlass deploy</code>, or start <code>windlass dev</code>.
    </Empty>
  );
}

function UnknownTask({ taskId }: { readonly taskId: string }) {
  return (
    <Empty icon={FlaskConical} title={`The current version has no task “${taskId}”`}>
      <Link to="/tasks">Show the tasks it has</Link>
    </Empty>
  );
}
