import type { RunEvent } from "@windlass/proto";
import { Ban, CircleDot, Cog, type LucideIcon, Pause, Play, Skull, Terminal, Webhook } from "lucide-react";
import { msOf } from "../../format/moments.ts";
import { formatMoment, formatTimeOfDay } from "../../format/time.ts";
import { Panel } from "../../parts/panel.tsx";
import { Failed, Quiet } from "../../parts/states.tsx";
import { VirtualRows } from "../../parts/virtual-rows.tsx";
import { type EventText, eventText } from "./event-text.ts";
import styles from "./timeline-list.module.css";
import type { Timeline } from "./use-timeline.ts";

const icons: Readonly<Record<EventText["kind"], LucideIcon>> = {
  status: CircleDot,
  attempt: Play,
  hook: Webhook,
  log: Terminal,
  cancel: Ban,
  wait: Pause,
  process: Skull,
  other: Cog,
};

const ROW_HEIGHT_PX = 30;

/** Everything that happened to a run, in order, as it happens. */
export function TimelineList({ timeline }: { readonly timeline: Timeline }) {
  const { events, state, error } = timeline;
  if (state === "failed" && events.length === 0) return <Failed error={error} />;
  return (
    <Panel title="Timeline" actions={<span className={styles["state"]}>{stateText(timeline)}</span>}>
      {events.length === 0 ? (
        <Quiet>Nothing has happened yet.</Quiet>
      ) : (
        <VirtualRows rows={events} rowKey={({ seq }) => String(seq)} rowHeightPx={ROW_HEIGHT_PX}>
          {(event) => <EventRow event={event} />}
        </VirtualRows>
      )}
    </Panel>
  );
}

function EventRow({ event }: { readonly event: RunEvent }) {
  const { kind, title, tone, note, detail } = eventText(event);
  const Icon = icons[kind];
  const ms = msOf(event.time) ?? 0;
  return (
    <div className={styles["event"]} id={`event-${event.seq}`} data-tone={tone} data-kind={kind}>
      <time className={styles["time"]} dateTime={new Date(ms).toISOString()} title={formatMoment(ms)}>
        {formatTimeOfDay(ms)}
      </time>
      <Icon aria-hidden size={14} className={styles["icon"]} />
      <div className={styles["what"]}>
        <span className={styles["title"]}>{title}</span>
        {note !== undefined && <span className={styles["note"]}>{note}</span>}
        {detail !== undefined && <span className={styles["detail"]}>{detail}</span>}
      </div>
    </div>
  );
}

function stateText({ events, state }: Timeline): string {
  const count = `${events.length.toLocaleString()} ${events.length === 1 ? "event" : "events"}`;
  const live = { connecting: "connecting", live: "live", paused: "paused", ended: "complete", failed: "broken off" }[
    state
  ];
  return `${count} · ${live}`;
}
