import { placeBar, type TimeScale } from "./time-scale.ts";
import styles from "./waterfall.module.css";

/** The bar of a row, or its dot when it is a moment; `leadMs` is drawn lighter: the time before it began to run. */
export function Lane(props: {
  readonly scale: TimeScale;
  readonly startMs: number;
  readonly endMs: number;
  readonly leadFromMs?: number;
  readonly isLasting?: boolean;
  readonly text?: string;
}) {
  const { scale, startMs, endMs, leadFromMs, isLasting = false, text } = props;
  const { left, width } = placeBar(scale, startMs, endMs);
  const lead = leadFromMs === undefined ? undefined : placeBar(scale, leadFromMs, startMs);
  return (
    <span className={styles["lane"]}>
      {lead !== undefined && (
        <span className={styles["lead"]} style={{ left: `${lead.left}%`, width: `${lead.width}%` }} />
      )}
      {startMs === endMs && !isLasting ? (
        <span className={styles["dot"]} style={{ left: `${left}%` }} />
      ) : (
        <span className={styles["bar"]} data-lasting={isLasting} style={{ left: `${left}%`, width: `${width}%` }} />
      )}
      {text !== undefined && (
        <span className={styles["took"]} style={{ left: `${left + width}%` }}>
          {text}
        </span>
      )}
    </span>
  );
}
