import { useLocation, useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import { Panel } from "../../parts/panel.tsx";
import { Failed, Loading, Quiet } from "../../parts/states.tsx";
import { Toggle } from "../../parts/toggle.tsx";
import { useNow } from "../../parts/use-now.ts";
import { VirtualRows } from "../../parts/virtual-rows.tsx";
import { msOf } from "../../format/moments.ts";
import { ChildNoteRow, ChildRow, ChildrenRow } from "./child-rows.tsx";
import { EventRow } from "./event-row.tsx";
import { areOver, type Children, type ShownRow, shownRows } from "./shown-rows.ts";
import { StatusStrip } from "./status-strip.tsx";
import { TimeAxis } from "./time-axis.tsx";
import { placeBar, type TimeScale, tickStepMs } from "./time-scale.ts";
import { useChildren } from "./use-children.ts";
import type { Timeline } from "./use-timeline.ts";
import type { Waterfall } from "./waterfall.ts";
import styles from "./waterfall.module.css";

/** As in waterfall.module.css: on a phone the bar stands below its words. */
const ROW_HEIGHT_PX = { wide: 30, narrow: 45 } as const;
const MAX_LINES = 6;

/** Everything that happened to a run, drawn over time, as it happens. */
export function WaterfallPanel(props: {
  readonly runId: string;
  readonly isOver: boolean;
  readonly timeline: Timeline;
}) {
  const { waterfall, state, error } = props.timeline;
  if (state === "failed" && waterfall.eventCount === 0) return <Failed error={error} />;
  return (
    <Panel title="Timeline" actions={<span className={styles["state"]}>{stateText(props.timeline)}</span>}>
      {waterfall.fromMs !== undefined && <WaterfallView {...props} fromMs={waterfall.fromMs} />}
      {waterfall.fromMs === undefined &&
        (state === "connecting" ? <Loading rows={5} /> : <Quiet>Nothing has happened yet.</Quiet>)}
    </Panel>
  );
}

function WaterfallView(props: {
  readonly runId: string;
  readonly isOver: boolean;
  readonly timeline: Timeline;
  readonly fromMs: number;
}) {
  const { runId, isOver, timeline, fromMs } = props;
  const { waterfall } = timeline;
  const [hasLogs, setLogs] = useState(true);
  const [hasHooks, setHooks] = useState(true);
  const { children, tree, toggleAll, toggleRun } = useChildren(runId, isOver);
  const rows = shownRows(waterfall.rows, { hasLogs, hasHooks }, children, tree);
  const isLive = !isOver || (children !== undefined && !areOver(children));
  const nowMs = useNow(isLive);
  const scale = { fromMs, toMs: endOf(waterfall, children, isLive ? nowMs : 0) };
  const tickMs = tickStepMs(scale, MAX_LINES);
  const { openKey, revealKey, toggle } = useOpenEvent();

  return (
    <div className={styles["waterfall"]} style={{ "--tick": `${tickWidth(scale, tickMs)}%` } as Record<string, string>}>
      <StatusStrip statuses={waterfall.statuses} scale={scale} />
      <div className={styles["filters"]}>
        <Toggle isOn={hasLogs} onChange={setLogs}>
          Logs
        </Toggle>
        <Toggle isOn={hasHooks} onChange={setHooks}>
          Hooks
        </Toggle>
      </div>
      <TimeAxis scale={scale} tickMs={tickMs} />
      <div onKeyDown={moveFocus} role="presentation">
        <VirtualRows
          rows={rows}
          rowKey={rowKey}
          rowHeightPx={ROW_HEIGHT_PX[matchMedia("(width < 48rem)").matches ? "narrow" : "wide"]}
          revealIndex={indexOfKey(rows, waterfall, revealKey)}
        >
          {(shown) => {
            switch (shown.kind) {
              case "event":
                return (
                  <EventRow
                    row={shown.row}
                    scale={scale}
                    isOpen={openKey === shown.key}
                    onToggle={() => toggle(shown.key)}
                  />
                );
              case "children":
                return <ChildrenRow of={shown.children} isOpen={shown.isOpen} scale={scale} onToggle={toggleAll} />;
              case "child":
                return (
                  <ChildRow
                    run={shown.run}
                    depth={shown.depth}
                    isOpen={shown.isOpen}
                    scale={scale}
                    onToggle={toggleRun}
                  />
                );
              default:
                return <ChildNoteRow note={shown.note} runId={shown.runId} depth={shown.depth} />;
            }
          }}
        </VirtualRows>
      </div>
    </div>
  );
}

/** The event that the URL names, "#event-12": shown open, and scrolled to unless it was opened by hand here. */
function useOpenEvent() {
  const hash = useLocation({ select: (location) => location.hash });
  const navigate = useNavigate();
  const [openedHere, setOpenedHere] = useState<string>();
  const openKey = /^event-(\d{1,18})$/u.exec(hash)?.[1];
  return {
    openKey,
    revealKey: openKey === openedHere ? undefined : openKey,
    toggle: (key: string): void => {
      const isOpen = key === openKey;
      setOpenedHere(isOpen ? undefined : key);
      void navigate({
        to: ".",
        search: (shown: Record<string, unknown>) => shown,
        hash: isOpen ? "" : `event-${key}`,
        replace: true,
        resetScroll: false,
        hashScrollIntoView: false,
      });
    },
  };
}

function indexOfKey(rows: readonly ShownRow[], waterfall: Waterfall, key: string | undefined): number | undefined {
  if (key === undefined) return undefined;
  const row = waterfall.rows[waterfall.rowOfSeq(BigInt(key))];
  const index = row === undefined ? -1 : rows.findIndex((shown) => shown.kind === "event" && shown.row === row);
  return index < 0 ? undefined : index;
}

/** The arrow keys go from row to row. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const heads = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row-head]")];
  const at = heads.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? undefined : heads[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function endOf(waterfall: Waterfall, children: Children | undefined, nowMs: number): number {
  const ends = (children?.runs ?? []).map(({ finishTime }) => msOf(finishTime) ?? 0);
  return ends.reduce((latest, one) => Math.max(latest, one), Math.max(waterfall.toMs, nowMs));
}

function tickWidth(scale: TimeScale, tickMs: number): number {
  return placeBar({ fromMs: 0, toMs: scale.toMs - scale.fromMs }, 0, tickMs).width;
}

function rowKey({ key }: ShownRow): string {
  return key;
}

function stateText({ waterfall: { eventCount }, state }: Timeline): string {
  const count = `${eventCount.toLocaleString()} ${eventCount === 1 ? "event" : "events"}`;
  const live = { connecting: "connecting", live: "live", paused: "paused", ended: "complete", failed: "broken off" };
  return `${count} · ${live[state]}`;
}
