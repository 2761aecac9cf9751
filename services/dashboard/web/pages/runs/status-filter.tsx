import type { RunStatus } from "@windlass/proto";
import { ChevronDown } from "lucide-react";
import { useId } from "react";
import { runStatuses, statusLook } from "../../format/run-status.ts";
import { StatusBadge } from "../../parts/status-badge.tsx";
import styles from "./status-filter.module.css";

/** Chooses any number of statuses; none is all. */
export function StatusFilter(props: {
  readonly chosen: readonly RunStatus[];
  readonly onChange: (chosen: readonly RunStatus[]) => void;
}) {
  const { chosen, onChange } = props;
  const listId = useId();
  const toggle = (status: RunStatus): void =>
    onChange(runStatuses.filter((each) => chosen.includes(each) !== (each === status)));
  return (
    <div className={styles["filter"]}>
      <button type="button" className={styles["open"]} popoverTarget={listId} data-set={chosen.length > 0}>
        {summary(chosen)}
        <ChevronDown aria-hidden size={14} />
      </button>
      <fieldset id={listId} popover="auto" className={styles["list"]}>
        <legend className="unseen">Statuses</legend>
        {runStatuses.map((status) => (
          <label key={status} className={styles["choice"]}>
            <input type="checkbox" checked={chosen.includes(status)} onChange={() => toggle(status)} />
            <StatusBadge status={status} />
          </label>
        ))}
      </fieldset>
    </div>
  );
}

function summary(chosen: readonly RunStatus[]): string {
  const [first] = chosen;
  if (first === undefined) return "Any status";
  return chosen.length === 1 ? statusLook(first).word : `${chosen.length} statuses`;
}
