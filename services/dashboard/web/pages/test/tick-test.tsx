import { useQuery } from "@connectrpc/connect-query";
import { type Schedule, ScheduleService, ScheduleType, type TaskDefinition } from "@windlass/proto";
import { useRef, useState } from "react";
import { nextTicks } from "../../format/cron.ts";
import { formatInZone, localInputValue } from "../../format/zoned-time.ts";
import { TextField } from "../../parts/field.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Panel } from "../../parts/panel.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import { Queried } from "../../parts/states.tsx";
import { TimezoneField } from "../../parts/timezone-field.tsx";
import { OptionFields } from "./option-fields.tsx";
import { TaskNote } from "./task-note.tsx";
import styles from "./test-page.module.css";
import { TICK_PAYLOAD_TYPE, tickPayload } from "./tick-payload.ts";
import { fieldsOf, triggerOfFields } from "./trigger-of-fields.ts";
import { useTrigger } from "./use-trigger.ts";
import { jsonProblem } from "../../parts/json-editor.tsx";

/** As many as a real tick tells of. */
const UPCOMING_TICKS = 10;
const MAX_SCHEDULES = 100;

interface TickProps {
  readonly task: TaskDefinition;
  readonly formId: string;
  /** Of the URL; "" for none. */
  readonly scheduleId: string;
}

/** Tests a scheduled task with a tick of somebody's choosing. */
export function TickTest(props: TickProps) {
  const query = useQuery(ScheduleService.method.listSchedules, { taskId: props.task.id, pageSize: MAX_SCHEDULES });
  return <Queried query={query}>{({ schedules }) => <TickForm {...props} schedules={schedules} />}</Queried>;
}

function TickForm({ task, formId, scheduleId, schedules }: TickProps & { readonly schedules: readonly Schedule[] }) {
  const first = schedules.find(({ id }) => id === scheduleId) ?? schedules[0];
  const [schedule, setSchedule] = useState(first);
  const [timestamp, setTimestamp] = useState(() => localInputValue(Math.floor(Date.now() / 60_000) * 60_000));
  const [last, setLast] = useState("");
  const [timezone, setTimezone] = useState(first?.cron?.timezone ?? "UTC");
  const [externalId, setExternalId] = useState(first?.externalId ?? "");
  const [metadata, setMetadata] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const trigger = useTrigger();
  const timestampMs = Date.parse(timestamp);
  const payload = Number.isNaN(timestampMs)
    ? ""
    : tickPayload({
        scheduleId: schedule?.id ?? "",
        type: schedule?.type === ScheduleType.DECLARATIVE ? "DECLARATIVE" : "IMPERATIVE",
        timestampMs,
        lastTimestampMs: last === "" ? undefined : Date.parse(last),
        timezone,
        externalId,
        upcomingMs: upcomingOf(schedule, timezone, timestampMs),
      });
  const choose = (id: string): void => {
    const chosen = schedules.find((each) => each.id === id);
    setSchedule(chosen);
    setTimezone(chosen?.cron?.timezone ?? "UTC");
    setExternalId(chosen?.externalId ?? "");
  };
  const submit = (): void => {
    if (form.current === null || payload === "" || jsonProblem(metadata) !== undefined || trigger.isRunning) return;
    void trigger.run({
      ...triggerOfFields(fieldsOf(form.current), metadata),
      taskId: task.id,
      payload: { data: new TextEncoder().encode(payload), contentType: TICK_PAYLOAD_TYPE },
    });
  };
  return (
    <form
      ref={form}
      id={formId}
      className={styles["columns"]}
      onInput={trigger.changed}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className={styles["main"]}>
        <Panel title="Tick">
          <div className={styles["tick"]}>
            <SelectField
              label="Schedule"
              value={schedule?.id ?? ""}
              onChange={(event) => choose(event.target.value)}
              hint={schedule === undefined ? "The payload names no schedule" : undefined}
            >
              {schedules.map(({ id, cron, externalId: of }) => (
                <option key={id} value={id}>
                  {[cron?.expression, cron?.timezone, of].filter(Boolean).join(" · ")}
                </option>
              ))}
              <option value="">None of them</option>
            </SelectField>
            <TimezoneField label="Time zone" value={timezone} onChange={(event) => setTimezone(event.target.value)} />
            <TextField
              label="Timestamp"
              type="datetime-local"
              step={1}
              required
              value={timestamp}
              onChange={(event) => setTimestamp(event.target.value)}
              hint={
                Number.isNaN(timestampMs)
                  ? "In your time zone"
                  : `${formatInZone(timestampMs, timezone)} in ${timezone}`
              }
            />
            <TextField
              label="Tick before"
              type="datetime-local"
              step={1}
              value={last}
              onChange={(event) => setLast(event.target.value)}
              hint="Empty: it is the first tick"
            />
            <TextField
              label="External id"
              maxLength={128}
              placeholder="none"
              value={externalId}
              onChange={(event) => setExternalId(event.target.value)}
            />
          </div>
        </Panel>
      </div>
      <div className={styles["more"]}>
        <OptionFields
          task={task}
          metadata={metadata}
          onMetadata={(text) => {
            trigger.changed();
            setMetadata(text);
          }}
        />
      </div>
      <div className={styles["side"]}>
        <TaskNote task={task} />
        <Panel title="Payload that this makes">
          <JsonView text={payload} label="Payload that this makes" />
        </Panel>
      </div>
    </form>
  );
}

function upcomingOf(schedule: Schedule | undefined, timezone: string, afterMs: number): readonly number[] {
  if (schedule?.cron === undefined) return [];
  return nextTicks({ expression: schedule.cron.expression, timezone }, afterMs, UPCOMING_TICKS).ticksMs ?? [];
}
