import { Link } from "@tanstack/react-router";
import type { Run } from "@windlass/proto";
import { ChevronRight, Network } from "lucide-react";
import { formatDuration } from "../../format/duration.ts";
import { msOf } from "../../format/moments.ts";
import { statusLook } from "../../format/run-status.ts";
import { StatusBadge } from "../../parts/status-badge.tsx";
import { Lane } from "./lane.tsx";
import { areOver, type ChildNote, type Children, countByStatus, MAX_TREE_DEPTH } from "./shown-rows.ts";
import type { TimeScale } from "./time-scale.ts";
import styles from "./waterfall.module.css";

/** All child runs in one row: how many, and what has become of them. */
export function ChildrenRow(props: {
  readonly of: Children;
  readonly isOpen: boolean;
  readonly scale: TimeScale;
  readonly onToggle: () => void;
}) {
  const { of, isOpen, scale, onToggle } = props;
  const { runs, hasMore } = of;
  const ends = runs.map(({ finishTime }) => msOf(finishTime) ?? scale.toMs);
  const startMs = msOf(runs[0]?.createTime) ?? scale.fromMs;
  const endMs = ends.reduce((latest, one) => Math.max(latest, one), startMs);
  const counts = countByStatus(runs).map(([status, count]) => `${count} ${statusLook(status).word.toLowerCase()}`);
  return (
    <div className={styles["row"]} data-kind="children" data-depth={1}>
      <button type="button" className={styles["head"]} data-row-head aria-expanded={isOpen} onClick={onToggle}>
        <span className={styles["label"]}>
          <ChevronRight aria-hidden size={14} className={styles["arrow"]} data-open={isOpen} />
          <Network aria-hidden size={14} className={styles["icon"]} />
          <span className={styles["title"]}>
            {runs.length}
            {hasMore && "+"} child {runs.length === 1 ? "run" : "runs"}
          </span>
          <span className={styles["note"]}>{counts.join(" · ")}</span>
        </span>
        <Lane
          scale={scale}
          startMs={startMs}
          endMs={endMs}
          isLasting={!areOver(of)}
          text={formatDuration(endMs - startMs)}
        />
      </button>
    </div>
  );
}

/** A child run with its own time in line with its parent's; opened, its children stand below it. */
export function ChildRow(props: {
  readonly run: Run;
  readonly depth: number;
  readonly isOpen: boolean;
  readonly scale: TimeScale;
  readonly onToggle: (runId: string) => void;
}) {
  const { run, depth, isOpen, scale, onToggle } = props;
  const createMs = msOf(run.createTime) ?? scale.fromMs;
  const endMs = msOf(run.finishTime) ?? scale.toMs;
  const startMs = msOf(run.startTime) ?? endMs;
  const { tone, isEnd } = statusLook(run.status);
  return (
    <div className={styles["row"]} data-kind="child" data-tone={tone} data-depth={depth}>
      <div className={styles["head"]}>
        <span className={styles["label"]}>
          {depth < MAX_TREE_DEPTH ? (
            <button
              type="button"
              className={styles["arrow"]}
              data-open={isOpen}
              data-row-head
              aria-expanded={isOpen}
              aria-label={`Child runs of ${run.id}`}
              onClick={() => onToggle(run.id)}
            >
              <ChevronRight aria-hidden size={14} />
            </button>
          ) : (
            <span className={styles["arrow"]} />
          )}
          <Link to="/runs/$runId" params={{ runId: run.id }} preload={false} className={styles["title"]}>
            {run.taskId}
          </Link>
          <StatusBadge status={run.status} />
          <code className={styles["note"]}>{run.id}</code>
        </span>
        <Lane
          scale={scale}
          startMs={startMs}
          endMs={endMs}
          leadFromMs={createMs}
          isLasting={!isEnd}
          text={formatDuration(Math.max(0, endMs - startMs))}
        />
      </div>
    </div>
  );
}

/** Under an opened run: that its children are on their way, that it has none, or where the others are. */
export function ChildNoteRow(props: { readonly note: ChildNote; readonly runId: string; readonly depth: number }) {
  const { note, runId, depth } = props;
  return (
    <div className={styles["row"]} data-kind="note" data-depth={depth}>
      <div className={styles["head"]}>
        <span className={styles["label"]}>
          {note === "loading" && "Reading its child runs …"}
          {note === "none" && "It has triggered no runs."}
          {note === "more" && (
            <Link to="/runs" search={{ parent: runId }}>
              All of its child runs
            </Link>
          )}
        </span>
      </div>
    </div>
  );
}
