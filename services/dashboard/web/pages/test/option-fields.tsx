import { useQuery } from "@connectrpc/connect-query";
import { DeploymentService, type TaskDefinition } from "@windlass/proto";
import type { ComponentProps, ReactNode } from "react";
import { DURATION_PATTERN } from "../../format/parse-duration.ts";
import { TextField } from "../../parts/field.tsx";
import { JsonEditor } from "../../parts/json-editor.tsx";
import { Panel } from "../../parts/panel.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import styles from "./option-fields.module.css";
import type { TriggerFieldName } from "./trigger-of-fields.ts";

type FieldProps = Omit<ComponentProps<typeof TextField>, "name"> & { readonly name: TriggerFieldName };

const machines = ["micro", "small-1x", "small-2x", "medium-1x", "medium-2x", "large-1x", "large-2x"];

/** Everything that a trigger can say beside task and payload. What is left empty is the task's own. */
export function OptionFields(props: {
  readonly task: TaskDefinition;
  readonly metadata: string;
  readonly onMetadata: (text: string) => void;
}) {
  const { task, metadata, onMetadata } = props;
  return (
    <Panel title="Options">
      <div className={styles["groups"]}>
        <Group title="Mark">
          <label className={styles["check"]}>
            <input type="checkbox" name="isTest" defaultChecked />
            This is a test
          </label>
          <Field label="Tags" name="tags" placeholder="one, two" hint="Up to 10, with commas between" />
        </Group>
        <Group title="When">
          <Field label="Start at" name="startTime" type="datetime-local" step={1} hint="In your time zone" />
          <DurationField label="Expires unless started within" name="ttl" placeholder="never" />
          <Field
            label="Priority"
            name="priority"
            type="number"
            min={0}
            max={31_536_000}
            placeholder="0"
            hint="Seconds by which it overtakes"
          />
        </Group>
        <Group title="Where">
          <Field label="Queue" name="queue" maxLength={128} pattern="[A-Za-z0-9_\-\/]+" placeholder={task.queue} />
          <Field label="Concurrency key" name="concurrencyKey" maxLength={128} placeholder="none" />
          <SelectField label="Machine" name="machine">
            <option value="">The task’s own ({task.machine === "" ? "small-1x" : task.machine})</option>
            {machines.map((machine) => (
              <option key={machine}>{machine}</option>
            ))}
          </SelectField>
          <VersionField />
        </Group>
        <Group title="How often, how long">
          <Field
            label="Attempts"
            name="maxAttempts"
            type="number"
            min={1}
            max={100}
            placeholder={String(task.retry?.maxAttempts ?? "")}
          />
          <DurationField
            label="Longest attempt"
            name="maxDuration"
            placeholder={task.maxDurationSeconds === 0 ? "no limit" : `${task.maxDurationSeconds}s`}
          />
        </Group>
        <Group title="Only once">
          <Field label="Idempotency key" name="idempotencyKey" maxLength={512} placeholder="none" />
          <DurationField label="The key holds for" name="idempotencyKeyTtl" placeholder="30d" />
        </Group>
        <Group title="Debounce">
          <Field label="Debounce key" name="debounceKey" maxLength={512} placeholder="none" />
          <DurationField label="Starts after quiet of" name="debounceDelay" placeholder="1s to 30d" />
          <DurationField label="At the latest after" name="debounceMaxDelay" placeholder="never" />
          <SelectField label="Payload that counts" name="debounceMode">
            <option value="LEADING">The first</option>
            <option value="TRAILING">The last</option>
          </SelectField>
        </Group>
        <Group title="Belongs to">
          <Field label="Batch" name="batchId" pattern="batch_[A-Za-z0-9_\-]{1,64}" placeholder="batch_…" />
          <Field label="Parent run" name="parentRunId" placeholder="run_…" hint="Its cancel cancels this run too" />
          <Field
            label="Trace parent"
            name="traceparent"
            pattern="[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
            placeholder="00-…"
          />
        </Group>
      </div>
      <div className={styles["metadata"]}>
        <h3>Metadata it begins with</h3>
        <div className={styles["editor"]}>
          <JsonEditor
            label="Metadata"
            value={metadata}
            onChange={onMetadata}
            placeholder="A JSON object; empty for none"
          />
        </div>
      </div>
    </Panel>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <fieldset className={styles["group"]}>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

function Field(props: FieldProps) {
  return <TextField {...props} />;
}

function DurationField(props: FieldProps) {
  return <TextField {...props} pattern={DURATION_PATTERN} title="A duration such as 90s, 10m or 1h 30m" />;
}

function VersionField() {
  const { data } = useQuery(DeploymentService.method.listDeployments, { pageSize: 100 });
  return (
    <SelectField label="Version" name="version">
      <option value="">The current one</option>
      {data?.deployments.map(({ id, version, isCurrent }) => (
        <option key={id} value={version}>
          {version}
          {isCurrent ? " (current)" : ""}
        </option>
      ))}
    </SelectField>
  );
}
