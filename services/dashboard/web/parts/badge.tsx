import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Tone } from "../format/run-status.ts";
import styles from "./badge.module.css";

/** A small labelled state: icon and word in the colours of its tone. */
export function Badge(props: {
  readonly icon: LucideIcon;
  readonly tone: Tone;
  readonly isSpinning?: boolean;
  readonly children: ReactNode;
}) {
  const { icon: Icon, tone, isSpinning = false, children } = props;
  return (
    <span className={styles["badge"]} data-tone={tone}>
      <Icon aria-hidden size={13} strokeWidth={2.25} className={isSpinning ? styles["spinning"] : undefined} />
      {children}
    </span>
  );
}
