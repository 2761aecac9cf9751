import { type RunError, RunErrorCodeSchema } from "@windlass/proto";
import { CopyButton } from "../../parts/copy-button.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Panel } from "../../parts/panel.tsx";
import { jsonText } from "../../format/content.ts";
import { TextView } from "../../parts/text-view.tsx";
import styles from "./run-error-panel.module.css";

/** Why a run failed: what was thrown, where, what led to it, and what can be done. */
export function RunErrorPanel({ error, isFinal }: { readonly error: RunError; readonly isFinal: boolean }) {
  return (
    <Panel
      title={isFinal ? "Error" : "Error of the last attempt"}
      actions={<CopyButton text={errorText(error)} what="error" />}
    >
      <div className={styles["head"]}>
        <code>{RunErrorCodeSchema.value[error.code]?.localName ?? "UNKNOWN"}</code>
        {error.hint !== "" && <p>{error.hint}</p>}
      </div>
      <TextView text={errorText(error)} label="Error with its stack" />
      {error.fieldsJson !== "" && <JsonView text={jsonText(error.fieldsJson).text} label="Fields of the error" />}
    </Panel>
  );
}

/** An error and what led to it, as text. */
export function errorText({ name, message, stack, causes }: RunError): string {
  const head = `${name}: ${message}`;
  const whole = stack.startsWith(head) || stack === "" ? stack || head : `${head}\n${stack}`;
  return [whole, ...causes.map((cause) => `Caused by ${errorText(cause)}`)].join("\n\n");
}
