import { CancelPhase } from "@windlass/proto";
import { Ban, Check, CircleDashed, type LucideIcon, Zap } from "lucide-react";
import { formatDuration } from "../../format/duration.ts";
import { Panel } from "../../parts/panel.tsx";
import styles from "./cancel-steps.module.css";
import type { CancelStep } from "./waterfall.ts";

interface Step {
  readonly phase: CancelPhase;
  readonly word: string;
  readonly icon: LucideIcon;
}

const way: readonly Step[] = [
  { phase: CancelPhase.REQUESTED, word: "Requested", icon: Check },
  { phase: CancelPhase.DELIVERED, word: "Delivered", icon: Check },
  { phase: CancelPhase.ACKNOWLEDGED, word: "Acknowledged", icon: Check },
  { phase: CancelPhase.HOOKS_DONE, word: "Hooks done", icon: Check },
];
const ended: Step = { phase: CancelPhase.ENDED, word: "Canceled", icon: Ban };
const forced: Step = { phase: CancelPhase.FORCED, word: "Forced", icon: Zap };

/** How far a cancel has come, and how long each step took; steps that were passed over have no time. */
export function CancelSteps(props: {
  readonly steps: readonly CancelStep[];
  readonly reason: string;
  /** The end of a run that no worker had: it needs no steps. */
  readonly finishMs: number | undefined;
}) {
  const { steps, reason, finishMs } = props;
  const reached = new Map(steps.map(({ phase, atMs }) => [phase, atMs]));
  const isForced = reached.has(CancelPhase.FORCED);
  const last = isForced ? forced : ended;
  if (finishMs !== undefined && !isForced && !reached.has(CancelPhase.ENDED)) reached.set(CancelPhase.ENDED, finishMs);
  const isOver = reached.has(last.phase);
  const shown = [...way, last].filter(({ phase }) => !isOver || reached.has(phase));
  let beforeMs: number | undefined;
  return (
    <Panel title="Cancel">
      <ol className={styles["steps"]}>
        {shown.map(({ phase, word, icon }) => {
          const atMs = reached.get(phase);
          const took = atMs === undefined || beforeMs === undefined ? undefined : Math.max(0, atMs - beforeMs);
          beforeMs = atMs ?? beforeMs;
          const Icon = atMs === undefined ? CircleDashed : icon;
          return (
            <li
              key={phase}
              className={styles["step"]}
              data-reached={atMs !== undefined}
              data-forced={phase === CancelPhase.FORCED}
            >
              <Icon aria-hidden size={14} strokeWidth={2.25} />
              <span>
                {word}
                {atMs === undefined && <span className="unseen">, not yet</span>}
              </span>
              {took !== undefined && <span className={styles["took"]}>+{formatDuration(took)}</span>}
            </li>
          );
        })}
      </ol>
      {reason !== "" && <p className={styles["reason"]}>“{reason}”</p>}
    </Panel>
  );
}
