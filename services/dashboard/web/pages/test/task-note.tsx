import { Link } from "@tanstack/react-router";
import type { TaskDefinition } from "@windlass/proto";
import { Facts } from "../../parts/facts.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Quiet } from "../../parts/states.tsx";

/** Which task is tested. */
export function TaskNote({ task }: { readonly task: TaskDefinition }) {
  return (
    <Panel title="Task">
      {task.description !== "" && <Quiet>{task.description}</Quiet>}
      <Facts
        facts={[
          [
            "Task",
            <Link key="task" to="/tasks" search={{ task: task.id }}>
              {task.id}
            </Link>,
          ],
          ["File", <code key="file">{task.filePath}</code>],
          ["Queue", task.queue],
        ]}
      />
    </Panel>
  );
}
