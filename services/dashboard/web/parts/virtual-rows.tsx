import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import styles from "./virtual-rows.module.css";

/** What to show row by row. */
export interface VirtualRowsProps<T> {
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** What a row is usually high; it is measured once it is drawn. */
  readonly rowHeightPx: number;
  readonly children: (row: T, index: number) => ReactNode;
  /** Of the element around the rows, and of each of them. */
  readonly role?: "list" | "rowgroup";
  /** The row to scroll to, once for each that is given. */
  readonly revealIndex?: number | undefined;
}

type Draw = (row: unknown, index: number) => ReactNode;

/** A row is drawn anew when it, or how rows are drawn, has changed: not for being scrolled. */
const Drawn = memo(({ draw, row, index }: { readonly draw: Draw; readonly row: unknown; readonly index: number }) =>
  draw(row, index),
);

const OVERSCAN_ROWS = 6;
const itemRoles = { list: "listitem", rowgroup: undefined } as const;

/** A long list of which only what is in sight is drawn; it scrolls with the page. */
export function VirtualRows<T>(props: VirtualRowsProps<T>) {
  const { rows, rowKey, rowHeightPx, children, role = "list", revealIndex } = props;
  const list = useRef<HTMLDivElement>(null);
  const [topPx, setTopPx] = useState(0);
  // Another function would have the places of all rows be computed anew with every scroll.
  const getItemKey = useCallback((index: number) => rowKey(rows[index] as T), [rows, rowKey]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeightPx,
    overscan: OVERSCAN_ROWS,
    scrollMargin: topPx,
    getItemKey,
  });
  // What stands above can change with any drawing. It settles: the list does not move by knowing where it is.
  // oxlint-disable-next-line react/exhaustive-deps
  useLayoutEffect(() => {
    if (virtualizer.isScrolling) return; // to ask is to have the whole page laid out
    const top = list.current === null ? 0 : list.current.getBoundingClientRect().top + window.scrollY;
    if (Math.abs(top - topPx) > 0.5) setTopPx(top);
  });
  const revealKey = revealIndex === undefined ? undefined : rowKey(rows[revealIndex] as T);
  const reveal = useEffectEvent(
    () => revealIndex !== undefined && virtualizer.scrollToIndex(revealIndex, { align: "center" }),
  );
  useEffect(() => {
    if (revealKey !== undefined) reveal();
  }, [revealKey]);
  return (
    <div ref={list} role={role} className={styles["rows"]} style={{ height: virtualizer.getTotalSize() }}>
      {virtualizer.getVirtualItems().map(({ key, index, start }) => (
        <div
          key={key}
          ref={virtualizer.measureElement}
          data-index={index}
          role={itemRoles[role]}
          className={styles["row"]}
          style={{ transform: `translateY(${start - topPx}px)` }}
        >
          <Drawn draw={children as Draw} row={rows[index]} index={index} />
        </div>
      ))}
    </div>
  );
}
