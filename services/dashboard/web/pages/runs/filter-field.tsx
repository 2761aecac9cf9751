import { useState } from "react";
import { localInputValue } from "../../format/zoned-time.ts";
import { TextField } from "../../parts/field.tsx";
import styles from "./run-filter-bar.module.css";

interface FieldProps {
  readonly name: string;
  readonly label: string;
}

/** A text to filter by; while it is edited it is the field's own. */
export function FilterField(props: FieldProps & { readonly value: string; readonly isLabelUnseen?: boolean }) {
  const { label, value, isLabelUnseen = false } = props;
  return <Field {...props} isLabelUnseen={isLabelUnseen} placeholder={isLabelUnseen ? label : "any"} value={value} />;
}

/** A moment to filter by, in the zone of whoever looks. */
export function FilterMoment({ valueMs, ...props }: FieldProps & { readonly valueMs: number | undefined }) {
  const value = valueMs === undefined ? "" : localInputValue(valueMs);
  return <Field {...props} value={value} type="datetime-local" step={1} />;
}

function Field(
  props: FieldProps & {
    readonly value: string;
    readonly isLabelUnseen?: boolean;
    readonly placeholder?: string;
    readonly type?: string;
    readonly step?: number;
  },
) {
  const { value, ...rest } = props;
  const [text, setText] = useState(value);
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    setShown(value);
    setText(value);
  }
  return (
    <div className={styles["field"]} data-set={value !== ""}>
      <TextField
        {...rest}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={(event) => text !== value && event.target.form?.requestSubmit()}
      />
    </div>
  );
}
