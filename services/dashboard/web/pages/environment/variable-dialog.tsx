import { EnvironmentService } from "@windlass/proto";
import { useId, useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import styles from "./variable-dialog.module.css";

/** Adds a variable, or gives `variable` another value. What is typed is kept nowhere else on the page. */
export function VariableDialog(props: {
  readonly variable?: { readonly name: string; readonly isSecret: boolean };
  readonly onClose: () => void;
}) {
  const { variable, onClose } = props;
  const [name, setName] = useState(variable?.name ?? "");
  const [value, setValue] = useState("");
  const [isSecret, setSecret] = useState(variable?.isSecret ?? true);
  const valueId = useId();
  const options = {
    changes: [EnvironmentService],
    done: () => `${name} is set. Workers that start from now on have it.`,
  };
  const add = useAction(EnvironmentService.method.setVariables, options);
  const update = useAction(EnvironmentService.method.updateVariable, options);
  const save = async (): Promise<void> => {
    const answer =
      variable === undefined
        ? await add.run({ variables: { [name]: value }, isSecret, mustBeNew: true })
        : await update.run({ name, value, isSecret });
    if (answer !== undefined) onClose();
  };
  return (
    <ConfirmDialog
      title={variable === undefined ? "Add a variable" : `Change ${name}`}
      action={variable === undefined ? "Add" : "Set value"}
      look="strong"
      isRunning={add.isRunning || update.isRunning}
      isDisabled={name === ""}
      onConfirm={() => void save()}
      onClose={onClose}
    >
      {variable === undefined && (
        <TextField
          label="Name"
          placeholder="DATABASE_URL"
          maxLength={128}
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
        />
      )}
      <div className={styles["field"]}>
        <label htmlFor={valueId}>{variable === undefined ? "Value" : "New value"}</label>
        <textarea
          id={valueId}
          className={styles["value"]}
          rows={4}
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={(event) => setValue(event.target.value)}
        />
      </div>
      <div>
        <label className={styles["choice"]}>
          <input type="checkbox" checked={isSecret} onChange={(event) => setSecret(event.target.checked)} />
          Secret
        </label>
        <p className={styles["hint"]}>
          Logs, errors and what processes print show [redacted {name === "" ? "NAME" : name}] in place of a value of 8
          characters or more.
        </p>
      </div>
    </ConfirmDialog>
  );
}
