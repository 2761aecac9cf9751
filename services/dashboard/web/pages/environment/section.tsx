import type { ReactNode } from "react";
import styles from "./section.module.css";

/** A list of the environment with its title, what it is for, and what adds to it. */
export function Section(props: {
  readonly title: string;
  readonly about: string;
  readonly actions: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section aria-label={props.title}>
      <header className={styles["header"]}>
        <div className={styles["words"]}>
          <h2 className={styles["title"]}>{props.title}</h2>
          <p className="soft">{props.about}</p>
        </div>
        {props.actions}
      </header>
      {props.children}
    </section>
  );
}
