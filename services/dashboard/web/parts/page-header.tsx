import { type ReactNode, useEffect } from "react";
import styles from "./page-header.module.css";

/** The title of a page, also of its tab; `children` are its actions. */
export function PageHeader(props: {
  readonly title: string;
  /** Stands in place of the title where that is more than a text. */
  readonly heading?: ReactNode;
  readonly children?: ReactNode;
}) {
  const { title, heading = title, children } = props;
  useEffect(() => {
    document.title = `${title} · Windlass`;
  }, [title]);
  return (
    <header className={styles["header"]}>
      <h1>{heading}</h1>
      <div className={styles["actions"]}>{children}</div>
    </header>
  );
}
