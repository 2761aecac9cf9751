import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import styles from "./button.module.css";

type ButtonProps = Omit<ComponentProps<"button">, "className" | "type"> & {
  readonly look?: "plain" | "strong" | "danger" | "bare";
  readonly icon?: LucideIcon;
  readonly type?: "button" | "submit";
};

/** A button. Without children its icon needs an `aria-label`. */
export function Button({ look = "plain", icon: Icon, type = "button", children, ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={styles["button"]} data-look={look} data-square={children === undefined}>
      {Icon !== undefined && <Icon aria-hidden size={15} strokeWidth={2} />}
      {children}
    </button>
  );
}
