import { Link } from "@tanstack/react-router";
import styles from "./period-choice.module.css";
import { type PeriodName, periodNames, periods } from "./periods.ts";

/** Chooses the period that the charts show; it is kept in the URL. */
export function PeriodChoice({ chosen }: { readonly chosen: PeriodName }) {
  return (
    <nav className={styles["choice"]} aria-label="Period">
      {periodNames.map((period) => (
        <Link
          key={period}
          to="/"
          search={{ period }}
          replace
          className={styles["period"]}
          aria-current={period === chosen ? "true" : undefined}
          data-chosen={period === chosen}
        >
          {periods[period].title}
        </Link>
      ))}
    </nav>
  );
}
