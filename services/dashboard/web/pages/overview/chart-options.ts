import UPlot from "uplot";
import { formatTime } from "../../format/time.ts";
import { colorOf, fillingOf } from "./chart-paint.ts";
import type { ChartData, ChartSeries } from "./chart-series.ts";

const FONT = '11px "Inter Variable", system-ui, sans-serif';
const DASHES = [6, 4];
const DAY_MS = 86_400_000;
const COUNT_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/** How uPlot draws a chart in the colours that the page has now. */
export function chartOptions(
  data: ChartData,
  size: { readonly width: number; readonly height: number },
  onPoint: (index: number | undefined) => void,
): UPlot.Options {
  const line = colorOf("--line");
  const axis = { stroke: colorOf("--ink-soft"), font: FONT, ticks: { show: false } };
  const isBars = data.kind === "stacked bars";
  const drawn = isBars ? data.series.toReversed() : data.series;
  const halfStepSeconds = data.stepMs / 2_000;
  return {
    ...size,
    legend: { show: false },
    padding: [10, 12, 0, 0],
    cursor: { y: false, points: { show: !isBars }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: (_plot, min, max) => [min - halfStepSeconds, max + halfStepSeconds] },
      y: { range: (_plot, _min, max) => [0, Math.max(max, isBars ? 4 : 1) * 1.08] },
    },
    axes: [
      { ...axis, size: 28, grid: { show: false }, space: 70, values: (_plot, seconds) => seconds.map(timeLabel(data)) },
      {
        ...axis,
        size: isBars ? 38 : 62,
        grid: { stroke: line, width: 1 },
        space: 36,
        values: (_plot, values) => values.map(data.format),
        ...(isBars && { incrs: COUNT_STEPS }),
      },
    ],
    series: [{}, ...drawn.map((series) => (isBars ? barSeries(series) : lineSeries(series)))],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}

function barSeries({ title, color, look }: ChartSeries): UPlot.Series {
  const paint = colorOf(color);
  const bars = UPlot.paths.bars;
  return {
    label: title,
    stroke: paint,
    width: 1,
    fill: (plot) => fillingOf(plot.ctx, paint, look),
    points: { show: false },
    ...(bars !== undefined && { paths: bars({ size: [0.72, 36] }) }),
  };
}

function lineSeries({ title, color, look }: ChartSeries): UPlot.Series {
  const paint = colorOf(color);
  const surface = colorOf("--surface");
  return {
    label: title,
    stroke: paint,
    width: 2,
    spanGaps: true,
    ...(look === "dashed" && { dash: DASHES }),
    points: { show: true, size: 6, width: 1.5, stroke: paint, fill: look === "dashed" ? surface : paint },
  };
}

/** "14:03"; with its day in periods of days. */
function timeLabel({ fromMs }: ChartData): (seconds: number) => string {
  const [first = 0] = fromMs;
  const isLong = (fromMs.at(-1) ?? 0) - first > 2 * DAY_MS;
  return (seconds) => {
    const ms = seconds * 1_000;
    if (isLong) return formatTime(ms, Number.MAX_SAFE_INTEGER / 10_000).split(",")[0] ?? "";
    return formatTime(ms, ms).slice(0, 5);
  };
}
