import { type CronRule, nextTicks } from "../../format/cron.ts";
import { formatDistance } from "../../format/time.ts";
import { formatInZone, ownTimezone } from "../../format/zoned-time.ts";
import { useNow } from "../../parts/use-now.ts";
import styles from "./next-times.module.css";

const SHOWN_TICKS = 5;

/** The next times of a schedule, in its own zone and in that of whoever looks; or what is wrong with it. */
export function NextTimes({ rule }: { readonly rule: CronRule }) {
  const nowMs = useNow();
  const { ticksMs, problem } = nextTicks(rule, nowMs, SHOWN_TICKS);
  if (problem !== undefined) {
    return (
      <p className={styles["problem"]} role="status">
        {problem}
      </p>
    );
  }
  const zone = rule.timezone === "" ? "UTC" : rule.timezone;
  return (
    <table className={styles["times"]}>
      <thead>
        <tr>
          <th scope="col">{zone}</th>
          <th scope="col">Here ({ownTimezone})</th>
          <th scope="col" className={styles["distance"]}>
            <span className="unseen">From now</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {ticksMs.map((ms) => (
          <tr key={ms}>
            <td>{formatInZone(ms, zone)}</td>
            <td>{formatInZone(ms, ownTimezone)}</td>
            <td className={styles["distance"]}>{formatDistance(ms, nowMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
