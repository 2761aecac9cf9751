import { formatDuration } from "../../format/duration.ts";
import type { Bucket, Spread } from "./bucket-runs.ts";
import { ChartPanel } from "./chart-panel.tsx";
import type { ChartData, ChartSeries } from "./chart-series.ts";

interface BucketsProps {
  readonly buckets: readonly Bucket[];
}

/** How many runs ended, and how: throughput and failures. */
export function EndsChart({ buckets }: BucketsProps) {
  const counts = (title: string, color: string, look: ChartSeries["look"], read: (bucket: Bucket) => number) => ({
    title,
    color,
    look,
    values: buckets.map(read),
  });
  const series = [
    counts("Completed", "--good", "solid", ({ completed }) => completed),
    counts("Failed", "--bad", "hatched", ({ failed }) => failed),
    counts("Canceled", "--calm", "dotted", ({ canceled }) => canceled),
  ];
  const totals = series.map(({ title, values }) => {
    const sum = values.reduce((total, value) => total + value, 0);
    return `${sum.toLocaleString("en")} ${title.toLowerCase()}`;
  });
  const data = { ...timesOf(buckets), kind: "stacked bars", series, format: countText } as const;
  const about = `Runs that ended, in parts of ${durationText(data.stepMs)}.`;
  return <ChartPanel title="Throughput and failures" about={about} total={totals.join(", ")} data={data} />;
}

/** How long runs waited before they began. */
export function QueueWaitChart({ buckets }: BucketsProps) {
  return (
    <SpreadChart
      title="Queue wait"
      about="From when a run could begin until its first attempt did, by when it began."
      buckets={buckets}
      color="--wait"
      read={({ queueWait }) => queueWait}
    />
  );
}

/** How long runs took. */
export function DurationChart({ buckets }: BucketsProps) {
  return (
    <SpreadChart
      title="Duration"
      about="From the first attempt's start to the end, by when the run ended."
      buckets={buckets}
      color="--busy"
      read={({ duration }) => duration}
    />
  );
}

function SpreadChart(
  props: BucketsProps & {
    readonly title: string;
    readonly about: string;
    readonly color: string;
    readonly read: (bucket: Bucket) => Spread | undefined;
  },
) {
  const { title, about, buckets, color, read } = props;
  const spreads = buckets.map(read);
  const series: ChartSeries[] = [
    { title: "Half within", color, look: "solid", values: spreads.map((spread) => spread?.p50Ms) },
    { title: "95 % within", color, look: "dashed", values: spreads.map((spread) => spread?.p95Ms) },
  ];
  const longestMs = Math.max(...spreads.map((spread) => spread?.p95Ms ?? -1));
  const total = longestMs < 0 ? "no run yet" : `95 % within ${durationText(longestMs)} at most`;
  const data = { ...timesOf(buckets), kind: "lines", series, format: durationText } as const;
  return <ChartPanel title={title} about={about} total={total} data={data} />;
}

function timesOf(buckets: readonly Bucket[]): Pick<ChartData, "fromMs" | "stepMs"> {
  const fromMs = buckets.map((bucket) => bucket.fromMs);
  return { fromMs, stepMs: (fromMs[1] ?? 0) - (fromMs[0] ?? 0) };
}

function countText(count: number): string {
  return count.toLocaleString("en");
}

/** "2 s" rather than "2.0 s". */
function durationText(ms: number): string {
  return formatDuration(ms).replace(".0 ", " ");
}
