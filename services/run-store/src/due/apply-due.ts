import type { DueItem } from "@windlass/proto";
import { dueRun, dueSupervisor } from "../conversions/due-item.ts";
import { runKey } from "../feed/feed.ts";
import { tellQueued } from "../queue/tell-queued.ts";
import { queueDueRuns } from "../store/queue-due-runs.ts";
import { selectChangedRuns } from "../store/select-changed-runs.ts";
import { selectSupervisorExpiries } from "../store/select-supervisor-expiries.ts";
import { expireSupervisors, type RemoveSupervisorsOptions } from "../supervisors/remove-supervisors.ts";
import type { DueWork } from "../validation/due-requests.ts";

/** What came of due work. */
export interface AppliedDue {
  /** How many items changed something. */
  readonly applied: number;
  /** What is due later than its caller thought, with its time: runs named too early, supervisors renewed meanwhile. */
  readonly postponed: DueItem[];
}

/**
 * The moment of these items has come: runs are queued, and expired supervisors removed. Each is checked by the database's clock and state, so that repeating it is harmless
 * and a scheduler whose clock is wrong does no harm. A crash in between leaves the rest due.
 */
export async function applyDue(options: RemoveSupervisorsOptions, work: DueWork): Promise<AppliedDue> {
  const runs = work.runs.length === 0 ? NOTHING : await queueRuns(options, work.runs);
  const supervisors = work.supervisorIds.length === 0 ? NOTHING : await removeExpired(options, work.supervisorIds);
  return {
    applied: runs.applied + supervisors.applied,
    postponed: [...runs.postponed, ...supervisors.postponed],
  };
}

const NOTHING: AppliedDue = { applied: 0, postponed: [] };

async function removeExpired(options: RemoveSupervisorsOptions, ids: readonly string[]): Promise<AppliedDue> {
  const expired = await expireSupervisors(options, ids);
  const gone = new Set(expired);
  const others = ids.filter((id) => !gone.has(id));
  const renewed = others.length === 0 ? [] : await selectSupervisorExpiries(options.postgres, others);
  return { applied: expired.length, postponed: renewed.map((row) => dueSupervisor(row.id, row.expires_in_ms)) };
}

async function queueRuns(options: RemoveSupervisorsOptions, runs: DueWork["runs"]): Promise<AppliedDue> {
  const { postgres, hasOutbox } = options;
  const rows = await queueDueRuns(postgres, runs, hasOutbox);
  tellQueued(options, rows);
  const queued = new Set(rows.map((row) => runKey(row.environment_id, row.id)));
  const others = runs.filter((run) => !queued.has(runKey(run.environmentId, run.runId)));
  const unchanged = others.length === 0 ? [] : await selectChangedRuns(postgres, others);
  return {
    applied: rows.length,
    postponed: unchanged.flatMap((row) =>
      row.due_in_ms === null ? [] : [dueRun(row.environment_id, row.id, row.due_in_ms)],
    ),
  };
}
