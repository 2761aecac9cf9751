import { Link } from "@tanstack/react-router";
import { useRunCounts } from "../../api/use-run-counts.ts";
import { failedStatusText } from "../../format/run-status.ts";
import styles from "./count-line.module.css";

/** What the whole environment does now, in a line; each part leads to its runs. */
export function CountLine() {
  const counts = useRunCounts();
  return (
    <ul className={styles["line"]} aria-label="Runs now">
      {counts !== undefined && (
        <>
          <li>
            <Link to="/runs" search={{ status: "QUEUED" }}>
              <b>{counts.queued}</b> queued
            </Link>
          </li>
          <li>
            <Link to="/runs" search={{ status: "EXECUTING" }}>
              <b>{counts.executing}</b> executing
            </Link>
          </li>
          <li>
            <Link to="/runs" search={{ status: failedStatusText }} data-bad={counts.failed !== "0"}>
              <b>{counts.failed}</b> failed in the last hour
            </Link>
          </li>
        </>
      )}
    </ul>
  );
}
