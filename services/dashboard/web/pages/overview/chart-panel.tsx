import { useState } from "react";
import { formatTime } from "../../format/time.ts";
import { Panel } from "../../parts/panel.tsx";
import { Chart } from "./chart.tsx";
import styles from "./chart-panel.module.css";
import type { ChartData } from "./chart-series.ts";

/** A chart with its legend, which tells the values that are pointed at, and the same as a table. `total` says what the whole of it comes to. */
export function ChartPanel(props: {
  readonly title: string;
  readonly about: string;
  readonly total: string;
  readonly data: ChartData;
}) {
  const { title, about, total, data } = props;
  const [index, setIndex] = useState<number>();
  const at = index === undefined ? undefined : data.fromMs[index];
  return (
    <Panel title={title}>
      <div className={styles["body"]}>
        <p className="soft">{about}</p>
        <ul className={styles["legend"]} aria-label={`Legend of ${title}`}>
          {data.series.map(({ title: name, color, look, values }) => {
            const value = index === undefined ? undefined : values[index];
            return (
              <li key={name}>
                <span
                  className={styles["swatch"]}
                  data-kind={data.kind}
                  data-look={look}
                  style={{ color: `var(${color})` }}
                  aria-hidden
                />
                {name}
                {at !== undefined && (
                  <strong className="number">{value === undefined ? "–" : data.format(value)}</strong>
                )}
              </li>
            );
          })}
          <li className={styles["at"]}>{at === undefined ? total : timeText(at)}</li>
        </ul>
        <Chart label={`${title}: ${total}. The table below has every value.`} data={data} onPoint={setIndex} />
        <ChartTable title={title} data={data} />
      </div>
    </Panel>
  );
}

function ChartTable({ title, data }: { readonly title: string; readonly data: ChartData }) {
  const { fromMs, series, format } = data;
  return (
    <details className={styles["table"]}>
      <summary>As a table</summary>
      {/* A region that scrolls has to be within reach of the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`${title} as a table`}>
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {series.map((one) => (
                <th key={one.title} scope="col">
                  {one.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {fromMs.map((ms, at) => (
              <tr key={ms}>
                <th scope="row">{timeText(ms)}</th>
                {series.map(({ title: name, values }) => {
                  const value = values[at];
                  return <td key={name}>{value === undefined ? "–" : format(value)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function timeText(ms: number): string {
  return formatTime(ms, Date.now());
}
