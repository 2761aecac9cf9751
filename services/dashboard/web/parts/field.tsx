import type { ComponentProps, ReactNode } from "react";
import styles from "./field.module.css";

/** A text field with its label above it; `isLabelUnseen` leaves the label to those who hear the page. */
export function TextField(
  props: Omit<ComponentProps<"input">, "className"> & {
    readonly label: string;
    readonly isLabelUnseen?: boolean;
    readonly hint?: ReactNode;
  },
) {
  const { label, isLabelUnseen = false, hint, ...rest } = props;
  return (
    <label className={styles["field"]}>
      <span className={isLabelUnseen ? "unseen" : styles["label"]}>{label}</span>
      <input autoComplete="off" spellCheck={false} {...rest} className={styles["input"]} />
      {hint !== undefined && <span className={styles["hint"]}>{hint}</span>}
    </label>
  );
}
