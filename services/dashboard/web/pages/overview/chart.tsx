import "uplot/dist/uPlot.min.css";
import { useEffect, useEffectEvent, useRef } from "react";
import UPlot from "uplot";
import { chartOptions } from "./chart-options.ts";
import { type ChartData, drawnRows } from "./chart-series.ts";
import styles from "./chart.module.css";
import { useThemeChange } from "./use-theme-change.ts";

const HEIGHT_PX = 190;

/** Draws on a canvas: those who do not see it have the table beside it. `onPoint` tells which part of it is pointed at. */
export function Chart(props: {
  readonly label: string;
  readonly data: ChartData;
  readonly onPoint: (index: number | undefined) => void;
}) {
  const { label, data } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const theme = useThemeChange();
  const onPoint = useEffectEvent((index: number | undefined) => props.onPoint(index));
  const create = useEffectEvent((element: HTMLElement) => {
    const options = chartOptions(data, { width: element.clientWidth, height: HEIGHT_PX }, (index) => onPoint(index));
    return new UPlot(options, drawnRows(data) as UPlot.AlignedData, element);
  });
  /** What of the data the drawing is made for; values alone are set into it. */
  const shape = [data.kind, data.stepMs, ...data.series.map(({ title }) => title)].join("|");

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = create(element);
    plot.current = made;
    const resizing = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    resizing.observe(element);
    return () => {
      resizing.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, shape]);
  useEffect(() => plot.current?.setData(drawnRows(data) as UPlot.AlignedData), [data]);

  return <div ref={place} role="img" aria-label={label} className={styles["place"]} />;
}
