import { formatDuration } from "../../format/duration.ts";
import { placeBar, type TimeScale, ticksMs } from "./time-scale.ts";
import styles from "./waterfall.module.css";

/** Labels no nearer to the right edge than this, in hundredths of the width. */
const LAST_LABEL_AT = 93;

/** How much time has passed since the run was triggered, along the top of the drawing. */
export function TimeAxis({ scale, tickMs }: { readonly scale: TimeScale; readonly tickMs: number }) {
  const places = ticksMs(scale, tickMs).map((ms) => ({
    ms,
    left: placeBar(scale, scale.fromMs, scale.fromMs + ms).width,
  }));
  return (
    <div className={styles["axis"]} aria-hidden>
      <div />
      <div className={styles["ticks"]}>
        {places
          .filter(({ left }) => left <= LAST_LABEL_AT)
          .map(({ ms, left }) => (
            <span key={ms} style={{ left: `${left}%` }}>
              {ms === 0 ? "0" : formatDuration(ms).replace(".0 ", " ")}
            </span>
          ))}
      </div>
    </div>
  );
}
