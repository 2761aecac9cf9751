import { formatDuration } from "../../format/duration.ts";
import { statusLook } from "../../format/run-status.ts";
import { placeBar, type TimeScale } from "./time-scale.ts";
import type { StatusStretch } from "./waterfall.ts";
import styles from "./status-strip.module.css";

/** The life of a run in one line: every status it has been in, as long as it was, and below it how long that was in all. */
export function StatusStrip(props: { readonly statuses: readonly StatusStretch[]; readonly scale: TimeScale }) {
  const { statuses, scale } = props;
  const stretches = statuses.map(({ status, fromMs, toMs }) => ({
    ...statusLook(status),
    fromMs,
    toMs: toMs ?? scale.toMs,
  }));
  const totals = new Map<string, { tone: string; ms: number }>();
  for (const { word, tone, fromMs, toMs, isEnd } of stretches) {
    if (!isEnd) totals.set(word, { tone, ms: (totals.get(word)?.ms ?? 0) + Math.max(0, toMs - fromMs) });
  }
  return (
    <div className={styles["strip"]}>
      <div className={styles["line"]} aria-hidden>
        {stretches
          .filter(({ isEnd }) => !isEnd)
          .map(({ word, tone, fromMs, toMs }) => {
            const { left, width } = placeBar(scale, fromMs, toMs);
            return <div key={fromMs} data-tone={tone} title={word} style={{ left: `${left}%`, width: `${width}%` }} />;
          })}
      </div>
      <dl className={styles["totals"]}>
        {[...totals].map(([word, { tone, ms }]) => (
          <div key={word} data-tone={tone}>
            <dt>{word}</dt>
            <dd className="number">{formatDuration(ms)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
