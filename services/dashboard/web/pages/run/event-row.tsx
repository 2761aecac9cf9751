import {
  Ban,
  CircleDot,
  CirclePause,
  Cog,
  Hourglass,
  type LucideIcon,
  Play,
  Skull,
  Terminal,
  TriangleAlert,
  Webhook,
} from "lucide-react";
import { formatDuration } from "../../format/duration.ts";
import { EventDetails } from "./event-details.tsx";
import { rowText } from "./row-text.ts";
import type { TimeScale } from "./time-scale.ts";
import { Lane } from "./lane.tsx";
import type { RowKind, WaterfallRow } from "./waterfall.ts";
import styles from "./waterfall.module.css";

const icons: Readonly<Record<RowKind, LucideIcon>> = {
  status: CircleDot,
  start: Hourglass,
  attempt: Play,
  hook: Webhook,
  log: Terminal,
  cancel: Ban,
  wait: CirclePause,
  process: Skull,
  other: Cog,
};

/** A row of the waterfall: what happened, when and for how long; opened, everything about it. */
export function EventRow(props: {
  readonly row: WaterfallRow;
  readonly scale: TimeScale;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const { row, scale, isOpen, onToggle } = props;
  const { title, tone, note, line } = rowText(row);
  const Icon = row.kind === "hook" && tone !== "calm" ? TriangleAlert : icons[row.kind];
  const endMs = row.endMs ?? scale.toMs;
  const duration = row.endMs === row.startMs ? undefined : formatDuration(Math.max(0, endMs - row.startMs));
  return (
    <div
      id={`event-${row.event.seq}`}
      className={styles["row"]}
      data-tone={tone}
      data-kind={row.kind}
      data-depth={row.depth}
      data-open={isOpen}
    >
      <button type="button" className={styles["head"]} data-row-head aria-expanded={isOpen} onClick={onToggle}>
        <span className={styles["label"]}>
          <Icon aria-hidden size={14} className={styles["icon"]} />
          <span className={styles["title"]}>{title}</span>
          {note !== undefined && <span className={styles["note"]}>{note}</span>}
          {line !== undefined && <span className={styles["line"]}>{line}</span>}
        </span>
        <Lane
          scale={scale}
          startMs={row.startMs}
          endMs={endMs}
          isLasting={row.endMs === undefined}
          {...(duration !== undefined && { text: duration })}
        />
      </button>
      {isOpen && <EventDetails row={row} />}
    </div>
  );
}
