import { getRouteApi, Link } from "@tanstack/react-router";
import { ChartNoAxesColumn } from "lucide-react";
import { formatTime } from "../../format/time.ts";
import { PageHeader } from "../../parts/page-header.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { bucketRuns } from "./bucket-runs.ts";
import { type PeriodName, periodOf } from "./periods.ts";
import { NowNumbers } from "./now-numbers.tsx";
import styles from "./overview-page.module.css";
import { PeriodChoice } from "./period-choice.tsx";
import { DurationChart, EndsChart, QueueWaitChart } from "./run-charts.tsx";
import { FailingTasks } from "./failing-tasks.tsx";
import { Supervisors } from "./supervisors.tsx";
import { type RunSample, useRunSample } from "./use-run-sample.ts";

const route = getRouteApi("/app/");

/** What the environment does now, and what became of the runs that were triggered in the chosen period. */
export function OverviewPage() {
  const period = periodOf(route.useSearch().period);
  const query = useRunSample(period);
  return (
    <>
      <PageHeader title="Overview">
        <PeriodChoice chosen={period} />
      </PageHeader>
      <NowNumbers />
      <Queried query={query} rows={8}>
        {(sample) => <PeriodView sample={sample} period={period} />}
      </Queried>
      <div className={styles["supervisors"]}>
        <Supervisors />
      </div>
    </>
  );
}

function PeriodView({ sample, period }: { readonly sample: RunSample; readonly period: PeriodName }) {
  if (sample.runs.length === 0) {
    return (
      <Empty icon={ChartNoAxesColumn} title="No run was triggered in this period">
        Choose a longer one, or trigger a task on the page <Link to="/test">Test</Link>.
      </Empty>
    );
  }
  const buckets = bucketRuns(sample, period);
  return (
    <>
      <p className={styles["source"]}>{sourceText(sample)}</p>
      <div className={styles["charts"]}>
        <div className={styles["widest"]}>
          <EndsChart buckets={buckets} />
        </div>
        <QueueWaitChart buckets={buckets} />
        <DurationChart buckets={buckets} />
        <div className={styles["widest"]}>
          <FailingTasks sample={sample} />
        </div>
      </div>
    </>
  );
}

/** What the charts are made of; and when that is not all of the period, from when on. */
function sourceText({ runs, toMs, oldestMs, isWhole }: RunSample): string {
  const count = `${runs.length.toLocaleString("en")} ${runs.length === 1 ? "run" : "runs"}`;
  const since = formatTime(oldestMs, toMs);
  return isWhole
    ? `From all ${count} triggered since ${since}.`
    : `From the newest ${count}, triggered since ${since}; more were triggered before, and are not counted.`;
}
