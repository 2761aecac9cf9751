import { useNavigate } from "@tanstack/react-router";
import { CatchUp, type Schedule, ScheduleService } from "@windlass/proto";
import { useState } from "react";
import { newRequestId } from "../../api/request-id.ts";
import { useAction } from "../../api/use-action.ts";
import { useCurrentTasks } from "../../api/use-current-tasks.ts";
import { nextTicks } from "../../format/cron.ts";
import { ownTimezone } from "../../format/zoned-time.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import { TimezoneField } from "../../parts/timezone-field.tsx";
import { useNow } from "../../parts/use-now.ts";
import { NextTimes } from "./next-times.tsx";
import styles from "./schedules-page.module.css";

const catchUps = [
  [CatchUp.LATEST, "Make the latest one"],
  [CatchUp.NONE, "Pass over all of them"],
  [CatchUp.ALL, "Make each of them"],
] as const;

/** Makes a schedule, or changes the one that is given. */
export function ScheduleForm(props: { readonly schedule?: Schedule; readonly onClose: () => void }) {
  const { schedule, onClose } = props;
  const navigate = useNavigate();
  const { data: tasks = [] } = useCurrentTasks();
  const ids = tasks.filter(({ isScheduled }) => isScheduled).map(({ id }) => id);
  const [chosenTask, setTask] = useState(schedule?.taskId);
  const taskId = chosenTask ?? ids[0] ?? "";
  const [expression, setExpression] = useState(schedule?.cron?.expression ?? "0 9 * * 1-5");
  const [timezone, setTimezone] = useState(schedule?.cron?.timezone ?? ownTimezone);
  const [catchUp, setCatchUp] = useState(schedule?.cron?.catchUp ?? CatchUp.LATEST);
  const [externalId, setExternalId] = useState(schedule?.externalId ?? "");
  const [deduplicationKey, setKey] = useState(
    () => schedule?.deduplicationKey ?? `dashboard-${newRequestId().slice(0, 12)}`,
  );
  const create = useAction(ScheduleService.method.createSchedule, {
    changes: [ScheduleService],
    done: () => "Schedule saved",
  });
  const update = useAction(ScheduleService.method.updateSchedule, {
    changes: [ScheduleService],
    done: () => "Schedule changed",
  });
  const nowMs = useNow();
  const cron = { expression: expression.trim(), timezone, catchUp };
  const save = async (): Promise<void> => {
    const answer =
      schedule === undefined
        ? await create.run({ taskId, cron, externalId, deduplicationKey })
        : await update.run({ scheduleId: schedule.id, taskId, cron, externalId });
    if (answer === undefined) return;
    onClose();
    if (answer.schedule !== undefined) await navigate({ to: "/schedules", search: { schedule: answer.schedule.id } });
  };
  return (
    <ConfirmDialog
      title={schedule === undefined ? "New schedule" : "Change schedule"}
      action={schedule === undefined ? "Create schedule" : "Save"}
      look="strong"
      keep="Close"
      size="wide"
      isRunning={create.isRunning || update.isRunning}
      isDisabled={taskId === "" || nextTicks(cron, nowMs, 1).problem !== undefined}
      onConfirm={() => void save()}
      onClose={onClose}
    >
      <div className={styles["form"]}>
        <SelectField
          label="Task"
          value={taskId}
          onChange={(event) => setTask(event.target.value)}
          hint={ids.length === 0 ? "The current version has no scheduled task" : undefined}
        >
          {taskId !== "" && !ids.includes(taskId) && <option>{taskId}</option>}
          {ids.map((id) => (
            <option key={id}>{id}</option>
          ))}
        </SelectField>
        <TextField
          label="External id"
          maxLength={128}
          placeholder="none"
          value={externalId}
          onChange={(event) => setExternalId(event.target.value)}
        />
        <TextField
          label="Cron"
          required
          maxLength={128}
          value={expression}
          onChange={(event) => setExpression(event.target.value)}
          hint="Minute, hour, day of month, month, day of week"
        />
        <TimezoneField label="Time zone" value={timezone} onChange={(event) => setTimezone(event.target.value)} />
        <SelectField
          label="Ticks missed by a downtime"
          value={catchUp}
          onChange={(event) => setCatchUp(Number(event.target.value) as CatchUp)}
        >
          {catchUps.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </SelectField>
        {schedule === undefined && (
          <TextField
            label="Deduplication key"
            required
            maxLength={128}
            value={deduplicationKey}
            onChange={(event) => setKey(event.target.value)}
            hint="The same key changes the same schedule"
          />
        )}
      </div>
      <div className={styles["preview"]}>
        <NextTimes rule={cron} />
      </div>
    </ConfirmDialog>
  );
}
