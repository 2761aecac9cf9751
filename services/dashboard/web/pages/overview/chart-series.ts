/** How a series is told from the others without its colour: bars by their filling, lines by their dashes. */
export type SeriesLook = "solid" | "hatched" | "dotted" | "dashed";

/** A row of values of a chart, one for each of its moments. */
export interface ChartSeries {
  readonly title: string;
  /** A token of styles/tokens.css. */
  readonly color: string;
  readonly look: SeriesLook;
  /** Undefined where there is nothing to tell. */
  readonly values: readonly (number | undefined)[];
}

/** What a chart draws. */
export interface ChartData {
  readonly kind: "stacked bars" | "lines";
  /** What each of the values is about begins here, evenly apart. */
  readonly fromMs: readonly number[];
  readonly stepMs: number;
  /** Bars from the bottom up. */
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
}

/** The rows for uPlot: seconds at the middle of each part, then the series; stacked ones as sums, highest first, as it draws one over the other; nothing where the sum is none. */
export function drawnRows({ kind, fromMs, stepMs, series }: ChartData): (number | null)[][] {
  const times = fromMs.map((ms) => (ms + stepMs / 2) / 1_000);
  if (kind === "lines") return [times, ...series.map(({ values }) => values.map((value) => value ?? null))];
  const sums = series.map((_, index) =>
    times.map((_, at) => series.slice(0, index + 1).reduce((sum, { values }) => sum + (values[at] ?? 0), 0) || null),
  );
  return [times, ...sums.toReversed()];
}
