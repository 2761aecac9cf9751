import type { DueItem } from "@windlass/proto";
import { dueSupervisor } from "../conversions/due-item.ts";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import { queueDueRuns } from "../store/queue-due-runs.ts";
import { selectSupervisorExpiries } from "../store/select-supervisor-expiries.ts";
import { expireSupervisors, type RemoveSupervisorsOptions } from "../supervisors/remove-supervisors.ts";
import type { DueWork } from "../validation/due-requests.ts";

/** What came of due work. */
export interface AppliedDue {
  /** How many items changed something. */
  readonly applied: number;
  /** Supervisors that were renewed meanwhile, with their new time. */
  readonly postponed: DueItem[];
}

/**
 * The moment of these items has come: runs are queued, and expired supervisors removed. Each is checked by the database's clock and state, so that repeating it is harmless
 * and a scheduler whose clock is wrong does no harm. A crash in between leaves the rest due.
 */
export async function applyDue(options: RemoveSupervisorsOptions, work: DueWork): Promise<AppliedDue> {
  const queued = work.runs.length === 0 ? 0 : await queueRuns(options, work.runs);
  if (work.supervisorIds.length === 0) return { applied: queued, postponed: [] };
  const expired = await expireSupervisors(options, work.supervisorIds);
  const gone = new Set(expired);
  const others = work.supervisorIds.filter((id) => !gone.has(id));
  const renewed = others.length === 0 ? [] : await selectSupervisorExpiries(options.postgres, others);
  return {
    applied: queued + expired.length,
    postponed: renewed.map((row) => dueSupervisor(row.id, row.expires_in_ms)),
  };
}

async function queueRuns(
  { postgres, feed, announce, hasOutbox }: RemoveSupervisorsOptions,
  runs: DueWork["runs"],
): Promise<number> {
  const rows = await queueDueRuns(postgres, runs, hasOutbox);
  feed.queued.publish(rows.map(queuedRunToProto));
  announce(
    rows[0]?.outbox_id ?? null,
    rows.map((row) => ({
      environmentId: row.environment_id,
      runId: row.id,
      taskId: row.task_id,
      status: "QUEUED",
      revision: row.revision,
      eventSeq: row.event_seq,
    })),
  );
  return rows.length;
}
