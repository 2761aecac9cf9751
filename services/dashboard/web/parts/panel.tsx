import type { ReactNode } from "react";
import styles from "./panel.module.css";

/** A titled surface. `actions` stand at the title's other end. */
export function Panel(props: { readonly title: string; readonly actions?: ReactNode; readonly children: ReactNode }) {
  return (
    <section className={styles["panel"]} aria-label={props.title}>
      <header className={styles["header"]}>
        <h2>{props.title}</h2>
        <div className={styles["actions"]}>{props.actions}</div>
      </header>
      {props.children}
    </section>
  );
}
