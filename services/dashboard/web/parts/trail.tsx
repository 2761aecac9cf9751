import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "./trail.module.css";

/** A heading below another page: where one came from, and where one is. */
export function Trail(props: {
  readonly to: "/tasks" | "/schedules" | "/batches" | "/tokens";
  readonly from: string;
  readonly children: ReactNode;
}) {
  return (
    <span className={styles["trail"]}>
      <Link to={props.to} search={{}} className={styles["from"]}>
        {props.from}
      </Link>
      <span aria-hidden className="soft">
        /
      </span>
      {props.children}
    </span>
  );
}
