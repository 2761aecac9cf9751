import type { Run } from "@windlass/proto";
import { statusLook } from "../../format/run-status.ts";
import styles from "./run-ticks.module.css";

const SHOWN_RUNS = 24;

/** The last runs as small strokes, oldest first: tall ones ended well, short ones did not, hollow ones have not ended. */
export function RunTicks({ runs }: { readonly runs: readonly Run[] }) {
  const shown = runs.slice(0, SHOWN_RUNS).toReversed();
  if (shown.length === 0) return <span className="soft">None yet</span>;
  const looks = shown.map((run) => ({ id: run.id, ...statusLook(run.status) }));
  const bad = looks.filter(({ tone }) => tone === "bad").length;
  return (
    <span
      className={styles["ticks"]}
      role="img"
      aria-label={`The last ${shown.length}: ${bad} ended badly`}
      title={`The last ${shown.length} runs, newest at the right`}
    >
      {looks.map(({ id, tone, isEnd }) => (
        <span key={id} className={styles["tick"]} data-tone={tone} data-end={isEnd} />
      ))}
    </span>
  );
}
