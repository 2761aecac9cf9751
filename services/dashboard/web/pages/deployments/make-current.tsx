import {
  type Deployment,
  DeploymentService,
  QueueService,
  ScheduleService,
  type TaskDefinition,
} from "@windlass/proto";
import { History, Rocket } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { changeTexts } from "./task-text.ts";

/** Makes another version current, after asking: rolls back to an older one, promotes a newer one. */
export function MakeCurrent(props: {
  readonly version: string;
  readonly current: Deployment;
  readonly isOlder: boolean;
  /** What the version has; undefined when that is not known here. */
  readonly tasks: readonly TaskDefinition[] | undefined;
}) {
  const { version, current, isOlder, tasks } = props;
  const [isAsking, setAsking] = useState(false);
  const options = {
    changes: [DeploymentService, ScheduleService, QueueService],
    done: () => `${version} is current.`,
  };
  const promote = useAction(DeploymentService.method.promoteDeployment, options);
  const rollBack = useAction(DeploymentService.method.rollbackDeployment, options);
  const confirm = async (): Promise<void> => {
    const answer = isOlder
      ? await rollBack.run({ fromVersion: current.version, version })
      : await promote.run({ version });
    if (answer !== undefined) setAsking(false);
  };
  const action = isOlder ? `Roll back to ${version}` : `Promote ${version}`;
  return (
    <>
      <Button icon={isOlder ? History : Rocket} onClick={() => setAsking(true)}>
        {action}
      </Button>
      {isAsking && (
        <ConfirmDialog
          title={`${action}?`}
          action={isOlder ? "Roll back" : "Promote"}
          look={isOlder ? "danger" : "strong"}
          isRunning={promote.isRunning || rollBack.isRunning}
          onConfirm={() => void confirm()}
          onClose={() => setAsking(false)}
        >
          <p>
            New runs take {version} in place of {current.version}. Runs that have begun stay on their version. Declared
            schedules and queue settings become what {version} declares.
          </p>
          {tasks !== undefined && changeTexts(current.tasks, tasks).map((text) => <p key={text}>{text}</p>)}
        </ConfirmDialog>
      )}
    </>
  );
}
