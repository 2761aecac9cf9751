import type { Postgres } from "@windlass/chassis";
import type { DueItem } from "@windlass/proto";
import { dueExpiry, dueRun, dueSupervisor, dueToken } from "../conversions/due-item.ts";
import { runKey, tokenKey } from "../feed/feed.ts";
import { tickSchedules, type TickOptions } from "../schedules/tick-schedules.ts";
import { selectRunExpiries } from "../store/expire-runs.ts";
import { selectChangedRuns } from "../store/select-changed-runs.ts";
import { selectSupervisorExpiries } from "../store/select-supervisor-expiries.ts";
import { expireSupervisors, type RemoveSupervisorsOptions } from "../supervisors/remove-supervisors.ts";
import { selectTokenTimeouts, timeOutTokens } from "../store/time-out-tokens.ts";
import type { TokenAnnouncer } from "../tokens/announce-tokens.ts";
import type { DueWork } from "../validation/due-requests.ts";
import type { DatabaseClock } from "./database-clock.ts";
import { expireRuns, type ExpireRunsOptions } from "./expire-runs.ts";
import { queueDueRuns, type QueueDueRunsOptions } from "./queue-due-runs.ts";

/** What applying due work needs. */
export interface ApplyDueOptions extends RemoveSupervisorsOptions, QueueDueRunsOptions, ExpireRunsOptions, TickOptions {
  readonly postgres: Postgres;
  readonly announceTokens: TokenAnnouncer;
  readonly databaseClock: DatabaseClock;
}

/** What came of due work. */
export interface AppliedDue {
  /** How many items changed something. */
  readonly applied: number;
  /** What is due later than its caller thought, with its time: runs named too early, supervisors renewed meanwhile. */
  readonly postponed: DueItem[];
}

/**
 * The moment of these items has come: runs are queued or expire, expired supervisors are removed, tokens time out, schedules tick. Each is checked by the database's clock and state, so that repeating it is harmless
 * and a scheduler whose clock is wrong does no harm. A crash in between leaves the rest due.
 */
export async function applyDue(options: ApplyDueOptions, work: DueWork): Promise<AppliedDue> {
  // First what ends by its time: a DELAYED run of which both moments have passed does not begin.
  const expiries = work.expiries.length === 0 ? NOTHING : await expire(options, work.expiries);
  const runs = work.runs.length === 0 ? NOTHING : await queueRuns(options, work.runs);
  const supervisors = work.supervisorIds.length === 0 ? NOTHING : await removeExpired(options, work.supervisorIds);
  const tokens = work.tokens.length === 0 ? NOTHING : await timeOut(options, work.tokens);
  const schedules = work.schedules.length === 0 ? NOTHING : await tickSchedules(options, work.schedules);
  const all = [expiries, runs, supervisors, tokens, schedules];
  return {
    applied: all.reduce((sum, { applied }) => sum + applied, 0),
    postponed: all.flatMap(({ postponed }) => postponed),
  };
}

const NOTHING: AppliedDue = { applied: 0, postponed: [] };

async function expire(options: ApplyDueOptions, runs: DueWork["expiries"]): Promise<AppliedDue> {
  const rows = await expireRuns(options, runs);
  const gone = new Set(rows.map((row) => runKey(row.environment_id, row.id)));
  const others = runs.filter((run) => !gone.has(runKey(run.environmentId, run.runId)));
  const waiting = others.length === 0 ? [] : await selectRunExpiries(options.postgres, others);
  return {
    applied: rows.length,
    postponed: waiting.map((row) => dueExpiry(row.environment_id, row.id, row.expire_in_ms)),
  };
}

/** While the database's clock has just been put forward, a lease that seems to be over may be one that nobody had the time to renew. */
async function removeExpired(options: ApplyDueOptions, ids: readonly string[]): Promise<AppliedDue> {
  await options.databaseClock.look();
  const graceMs = options.databaseClock.graceLeftMs();
  if (graceMs > 0) return { applied: 0, postponed: ids.map((id) => dueSupervisor(id, graceMs)) };
  const expired = await expireSupervisors(options, ids);
  const gone = new Set(expired);
  const others = ids.filter((id) => !gone.has(id));
  const renewed = others.length === 0 ? [] : await selectSupervisorExpiries(options.postgres, others);
  return { applied: expired.length, postponed: renewed.map((row) => dueSupervisor(row.id, row.expires_in_ms)) };
}

async function queueRuns(options: ApplyDueOptions, runs: DueWork["runs"]): Promise<AppliedDue> {
  const { postgres } = options;
  const rows = await queueDueRuns(options, runs);
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

/** A token that was completed in the meantime stays completed: its row says which came first. */
async function timeOut({ postgres, announceTokens }: ApplyDueOptions, refs: DueWork["tokens"]): Promise<AppliedDue> {
  const timedOut = await timeOutTokens(postgres, refs);
  announceTokens.ended(timedOut);
  const gone = new Set(timedOut.map((token) => tokenKey(token.environmentId, token.tokenId)));
  const others = refs.filter((token) => !gone.has(tokenKey(token.environmentId, token.tokenId)));
  const pending = others.length === 0 ? [] : await selectTokenTimeouts(postgres, others);
  return {
    applied: timedOut.length,
    postponed: pending.map((token) => dueToken(token.environmentId, token.tokenId, token.dueInMs)),
  };
}
