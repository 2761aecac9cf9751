import type { TaskDefinition } from "@windlass/proto";
import { WandSparkles } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { JsonEditor, jsonProblem } from "../../parts/json-editor.tsx";
import { Panel } from "../../parts/panel.tsx";
import { SchemaPanel } from "../../parts/schema-panel.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import { checkDraft } from "../../schema/check-draft.ts";
import type { PayloadCheck } from "../../schema/check-payload.ts";
import type { PayloadProblem } from "../../schema/payload-problem.ts";
import { JSON_TYPE, SUPERJSON_TYPE } from "../../schema/payload-value.ts";
import { OptionFields } from "./option-fields.tsx";
import { PayloadState } from "./payload-state.tsx";
import { RecentPayloads } from "./recent-payloads.tsx";
import { RunAllTheSame } from "./run-all-the-same.tsx";
import { TaskNote } from "./task-note.tsx";
import styles from "./test-page.module.css";
import { fieldsOf, triggerOfFields } from "./trigger-of-fields.ts";
import { usePayloadRules } from "./use-payload-rules.ts";
import { type RecentPayload, useRecentPayloads } from "./use-recent-payloads.ts";
import { useTrigger } from "./use-trigger.ts";

interface Draft {
  readonly text: string;
  readonly contentType: string;
}

const NO_PROBLEMS: readonly PayloadProblem[] = [];

/**
 * Tests a task with a payload as JSON. It begins with the payload that the task had last, else with an example of what its schema says. What the schema does
 * not allow is named while it is written; it can be run after a question, for neither cluster nor dashboard knows better than the task.
 */
export function PayloadTest({ task, formId }: { readonly task: TaskDefinition; readonly formId: string }) {
  const payloads = useRecentPayloads(task.id);
  const rules = usePayloadRules(task);
  const example = useMemo(() => rules?.example() ?? "{}", [rules]);
  const [edited, setEdited] = useState<Draft>();
  const [metadata, setMetadata] = useState("");
  const [isAsking, setAsking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const trigger = useTrigger();
  const draft = edited ?? firstDraft(payloads, example);
  const problem = jsonProblem(draft.text);
  const { text, contentType } = useDeferredValue(draft);
  const check = useMemo(
    () => (rules === undefined ? undefined : checkDraft(rules, { text, contentType })),
    [rules, text, contentType],
  );
  const edit = (change: Partial<Draft>): void => {
    trigger.changed();
    setEdited({ ...draft, ...change });
  };
  const run = (): void => {
    if (form.current === null) return;
    void trigger.run({
      ...triggerOfFields(fieldsOf(form.current), metadata),
      taskId: task.id,
      ...(draft.text.trim() !== "" && {
        payload: { data: new TextEncoder().encode(draft.text), contentType: draft.contentType },
      }),
    });
  };
  const submit = (): void => {
    if (problem !== undefined || jsonProblem(metadata) !== undefined || trigger.isRunning) return;
    const told = rules === undefined ? undefined : checkDraft(rules, draft);
    if (problemsIn(told).length > 0) setAsking(true);
    else run();
  };
  return (
    <>
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
              <>
                {rules !== undefined && (
                  <Button
                    icon={WandSparkles}
                    onClick={() => edit({ text: rules.example(), contentType: JSON_TYPE })}
                    title="A payload made from the task’s schema; Ctrl+Z in the editor brings back what was there"
                  >
                    Example
                  </Button>
                )}
                <SelectField
                  label="Encoding of the payload"
                  isLabelUnseen
                  value={draft.contentType}
                  onChange={(event) => edit({ contentType: event.target.value })}
                >
                  <option value={JSON_TYPE}>JSON</option>
                  <option value={SUPERJSON_TYPE}>superjson</option>
                </SelectField>
              </>
            }
          >
            <JsonEditor
              label="Payload"
              value={draft.text}
              onChange={(changed) => edit({ text: changed })}
              onSubmit={() => form.current?.requestSubmit()}
              placeholder="Empty: no payload"
              marks={problemsIn(check)}
            />
            <PayloadState text={draft.text} problem={problem} check={check} />
          </Panel>
        </div>
        <div className={styles["more"]}>
          <OptionFields
            task={task}
            metadata={metadata}
            onMetadata={(changed) => {
              trigger.changed();
              setMetadata(changed);
            }}
          />
        </div>
        <div className={styles["side"]}>
          <TaskNote task={task} />
          <RecentPayloads
            payloads={payloads}
            onChoose={({ text: chosen, contentType: of }) => edit({ text: chosen, contentType: of })}
          />
          {rules !== undefined && <SchemaPanel schema={rules.schema} />}
        </div>
      </form>
      {isAsking && (
        <RunAllTheSame
          taskId={task.id}
          problems={problemsIn(check)}
          isRunning={trigger.isRunning}
          onConfirm={run}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function problemsIn(check: PayloadCheck | undefined): readonly PayloadProblem[] {
  return check !== undefined && "problems" in check ? check.problems : NO_PROBLEMS;
}

function firstDraft(payloads: readonly RecentPayload[] | undefined, example: string): Draft {
  const [latest] = payloads ?? [];
  return { text: latest?.text ?? example, contentType: latest?.contentType ?? JSON_TYPE };
}
