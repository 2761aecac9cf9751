import { nextState, RUN_STATES, type RunTransition, statesBefore, statusOf } from "../run-state.ts";

/**
 * What `runs r` becomes by a transition, as SQL: the status, or null when that cannot happen to it. Made from the one table of transitions, so that no statement says by
 * itself what may follow what.
 */
export function nextStatusSql(transition: RunTransition): string {
  // RESUMABLE goes first: it is the QUEUED run that has a wait.
  const branches = RUN_STATES.toReversed().flatMap((state) => {
    const next = nextState(state, transition);
    if (next === undefined) return [];
    const condition = state === "RESUMABLE" ? "r.status = 'QUEUED' AND r.wait_id IS NOT NULL" : `r.status = '${state}'`;
    return [`WHEN ${condition} THEN '${statusOf(next)}'::run_status`];
  });
  return `CASE ${branches.join(" ")} END`;
}

/** True when a transition can happen to `runs r`, as SQL. */
export function canHappenSql(transition: RunTransition): string {
  const statuses = new Set(statesBefore(transition).map(statusOf));
  return `r.status IN (${Array.from(statuses, (status) => `'${status}'`).join(", ")})`;
}
