import type { TaskDefinition } from "@windlass/proto";
import { CircleCheck, CircleX, type LucideIcon } from "lucide-react";
import { useRef, useState } from "react";
import { JsonEditor, jsonProblem } from "../../parts/json-editor.tsx";
import { Panel } from "../../parts/panel.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import { OptionFields } from "./option-fields.tsx";
import { RecentPayloads } from "./recent-payloads.tsx";
import { TaskNote } from "./task-note.tsx";
import styles from "./test-page.module.css";
import { fieldsOf, triggerOfFields } from "./trigger-of-fields.ts";
import { type RecentPayload, useRecentPayloads } from "./use-recent-payloads.ts";
import { useTrigger } from "./use-trigger.ts";

const JSON_TYPE = "application/json";
const encoder = new TextEncoder();

interface Draft {
  readonly text: string;
  readonly contentType: string;
}

/** Tests a task with a payload as JSON. It begins with the payload that the task had last. */
export function PayloadTest({ task, formId }: { readonly task: TaskDefinition; readonly formId: string }) {
  const payloads = useRecentPayloads(task.id);
  const [edited, setEdited] = useState<Draft>();
  const [metadata, setMetadata] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const trigger = useTrigger();
  const draft = edited ?? firstDraft(payloads);
  const problem = jsonProblem(draft.text);
  const edit = (change: Partial<Draft>): void => {
    trigger.changed();
    setEdited({ ...draft, ...change });
  };
  const submit = (): void => {
    if (form.current === null || problem !== undefined || jsonProblem(metadata) !== undefined || trigger.isRunning)
      return;
    void trigger.run({
      ...triggerOfFields(fieldsOf(form.current), metadata),
      taskId: task.id,
      ...(draft.text.trim() !== "" && {
        payload: { data: encoder.encode(draft.text), contentType: draft.contentType },
      }),
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
        <Panel
          title="Payload"
          actions={
            <SelectField
              label="Encoding of the payload"
              isLabelUnseen
              value={draft.contentType}
              onChange={(event) => edit({ contentType: event.target.value })}
            >
              <option value={JSON_TYPE}>JSON</option>
              <option value="application/super+json">superjson</option>
            </SelectField>
          }
        >
          <JsonEditor
            label="Payload"
            value={draft.text}
            onChange={(text) => edit({ text })}
            onSubmit={() => form.current?.requestSubmit()}
            placeholder="Empty: no payload"
          />
          <PayloadState text={draft.text} problem={problem} />
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
        <RecentPayloads payloads={payloads} onChoose={({ text, contentType }) => edit({ text, contentType })} />
      </div>
    </form>
  );
}

/** Whether the payload can be sent, in words. */
function PayloadState({ text, problem }: { readonly text: string; readonly problem: string | undefined }) {
  const Icon: LucideIcon = problem === undefined ? CircleCheck : CircleX;
  const bytes = encoder.encode(text).byteLength;
  return (
    <p className={styles["state"]} data-bad={problem !== undefined} role="status">
      <Icon aria-hidden size={14} />
      {problem === undefined
        ? text.trim() === ""
          ? "No payload"
          : `Valid JSON, ${bytes} bytes`
        : `No JSON: ${problem}`}
    </p>
  );
}

function firstDraft(payloads: readonly RecentPayload[] | undefined): Draft {
  const [latest] = payloads ?? [];
  return { text: latest?.text ?? "{}", contentType: latest?.contentType ?? JSON_TYPE };
}
