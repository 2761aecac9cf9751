import { Check } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./toggle.module.css";

/** Shows or hides one kind of thing. */
export function Toggle(props: {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly children: ReactNode;
}) {
  const { isOn, onChange, children } = props;
  return (
    <button type="button" aria-pressed={isOn} className={styles["toggle"]} onClick={() => onChange(!isOn)}>
      <Check aria-hidden size={13} />
      {children}
    </button>
  );
}
