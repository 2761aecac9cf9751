import { getRouteApi, Link } from "@tanstack/react-router";
import { SquareFunction } from "lucide-react";
import { useCurrentTasks } from "../../api/use-current-tasks.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { TaskList } from "./task-list.tsx";
import { TaskView } from "./task-view.tsx";

const route = getRouteApi("/app/tasks");

/** The tasks of the current version, or one of them. */
export function TasksPage() {
  const { task: taskId } = route.useSearch();
  const query = useCurrentTasks();
  return (
    <>
      {taskId === undefined && <PageHeader title="Tasks" />}
      <Queried query={query}>
        {(tasks) => {
          if (taskId !== undefined) {
            const task = tasks.find(({ id }) => id === taskId);
            return task === undefined ? <UnknownTask taskId={taskId} /> : <TaskView key={taskId} task={task} />;
          }
          return tasks.length === 0 ? <NoTasks /> : <TaskList tasks={tasks} />;
        }}
      </Queried>
    </>
  );
}

function NoTasks() {
  return (
    <Empty icon={SquareFunction} title="No tasks yet">
      Deploy some with <code>windlass deploy</code>, or start <code>windlass dev</code>.
    </Empty>
  );
}

function UnknownTask({ taskId }: { readonly taskId: string }) {
  return (
    <Empty icon={SquareFunction} title={`The current version has no task “${taskId}”`}>
      <Link to="/tasks">Show the tasks it has</Link>
    </Empty>
  );
}
