import type { ReactNode } from "react";
import styles from "./data-table.module.css";
import { VirtualRows } from "./virtual-rows.tsx";

/** A column of a table. */
export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** A track of a CSS grid: "9rem", "minmax(8rem, 1fr)". */
  readonly width: string;
  /** Its width on a phone; a column without one is left out there. */
  readonly narrowWidth?: string;
  readonly align?: "end";
  readonly cell: (row: T) => ReactNode;
}

const ROW_HEIGHT_PX = 38;
const tracks = (widths: readonly string[]): string => widths.join(" ");

/** A table of any length. The first link of a row reaches over the whole of it. `label` says what is listed. */
export function DataTable<T>(props: {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
}) {
  const { label, columns, rows, rowKey } = props;
  const widths = {
    "--wide": tracks(columns.map(({ width }) => width)),
    "--narrow": tracks(columns.flatMap(({ narrowWidth }) => narrowWidth ?? [])),
  } as Record<string, string>;
  const cellOf = ({ key, align, narrowWidth }: Column<T>, role: string, content: ReactNode) => (
    <div key={key} role={role} className={styles["cell"]} data-align={align} data-wide={narrowWidth === undefined}>
      {content}
    </div>
  );
  return (
    <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className={styles["table"]} style={widths}>
      <div role="rowgroup" className={styles["head"]}>
        <div role="row" aria-rowindex={1} className={styles["row"]}>
          {columns.map((column) => cellOf(column, "columnheader", column.title))}
        </div>
      </div>
      <VirtualRows role="rowgroup" rows={rows} rowKey={rowKey} rowHeightPx={ROW_HEIGHT_PX}>
        {(row, index) => (
          <div role="row" aria-rowindex={index + 2} className={styles["row"]}>
            {columns.map((column) => cellOf(column, "cell", column.cell(row)))}
          </div>
        )}
      </VirtualRows>
    </div>
  );
}
