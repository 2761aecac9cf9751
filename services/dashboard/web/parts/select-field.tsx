import { ChevronDown } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import fieldStyles from "./field.module.css";
import styles from "./select-field.module.css";

/** A choice of a few, with its label above it; `isLabelUnseen` leaves the label to those who hear the page. Its children are <option>s. */
export function SelectField(
  props: Omit<ComponentProps<"select">, "className"> & {
    readonly label: string;
    readonly isLabelUnseen?: boolean;
    readonly hint?: ReactNode;
  },
) {
  const { label, isLabelUnseen = false, hint, children, ...rest } = props;
  return (
    <label className={fieldStyles["field"]}>
      <span className={isLabelUnseen ? "unseen" : fieldStyles["label"]}>{label}</span>
      <span className={styles["box"]}>
        <select {...rest} className={`${fieldStyles["input"]} ${styles["select"]}`}>
          {children}
        </select>
        <ChevronDown aria-hidden size={14} className={styles["arrow"]} />
      </span>
      {hint !== undefined && <span className={fieldStyles["hint"]}>{hint}</span>}
    </label>
  );
}
