import type { Queryable } from "@windlass/chassis";

/** A broken rule: which invariant of ARCHITECTURE.md, and the rows that break it. */
export interface Violation {
  readonly invariant: string;
  readonly rule: string;
  readonly rows: readonly object[];
}

/** How every ended run ended, at one moment; see checkTerminalUnchanged. */
export type TerminalSnapshot = ReadonlyMap<string, string>;

const terminal = "('COMPLETED','FAILED','CRASHED','SYSTEM_FAILURE','TIMED_OUT','CANCELED','EXPIRED')";
const maxRows = 20;

interface Rule {
  readonly invariant: string;
  /** What must hold. */
  readonly rule: string;
  /** Selects the rows that break it. */
  readonly text: string;
}

/** Rules that hold in every committed state, whatever is running, killed or half done. */
const rules: readonly Rule[] = [
  {
    invariant: "I1",
    rule: "a run that has not ended has exactly one owner: the queue, a timer, a lease (a wait's too) or a missing version",
    text: `select environment_id, id, status from runs where status not in ${terminal} and 1 <>
      (status in ('QUEUED','PENDING_VERSION') and wait_id is null)::int + (due_time is not null)::int + (lease_token is not null)::int`,
  },
  {
    invariant: "I1",
    rule: "a run that has ended has no owner, and a time at which it ended",
    text: `select environment_id, id, status from runs where status in ${terminal}
      and (due_time is not null or lease_token is not null or supervisor_id is not null or finish_time is null)`,
  },
  {
    invariant: "I1",
    rule: "every run has its payload, and every payload its run",
    text: `select environment_id, id from runs r
      full join (select environment_id, run_id as id, payload_type from run_contents) c using (environment_id, id)
      where r.status is null or c.payload_type is null`,
  },
  {
    invariant: "I2",
    rule: "a lease token is used once: by one living lease or one ended attempt",
    text: `select lease_token, count(*) from (
        select lease_token from runs where lease_token is not null union all select lease_token from attempts
      ) tokens group by lease_token having count(*) > 1`,
  },
  {
    invariant: "I2",
    rule: "attempts are numbered 1, 2, 3 ..., each ended attempt is stored once, and a lease is the attempt after them",
    text: `select r.environment_id, r.id, r.status, r.attempt_number, a.ended, a.last from runs r left join lateral (
        select count(*)::int as ended, coalesce(max(number), 0) as last from attempts a where a.environment_id = r.environment_id and a.run_id = r.id
      ) a on true
      where a.ended <> a.last or a.ended <> r.attempt_number - (r.lease_token is not null)::int`,
  },
  {
    invariant: "I2",
    rule: "an attempt that succeeded is the last one of its run",
    text: `select r.environment_id, r.id, r.status, a.number from runs r join attempts a on a.environment_id = r.environment_id and a.run_id = r.id
      where a.outcome = 'SUCCEEDED' and (a.number <> r.attempt_number or r.status not in ('COMPLETED', 'CANCELED'))`,
  },
  {
    invariant: "I3",
    rule: "the timeline of an ended run tells its end once, in its last entry; that of another run tells no end",
    text: `select r.environment_id, r.id, r.status, e.ends, e.last_status from runs r left join lateral (
        select count(*) filter (where status in ${terminal})::int as ends, (array_agg(status order by first_seq desc))[1] as last_status
        from run_events e where e.environment_id = r.environment_id and e.run_id = r.id
      ) e on true
      where e.ends <> (r.status in ${terminal})::int or (r.status in ${terminal} and e.last_status is distinct from r.status)`,
  },
  {
    invariant: "I3",
    rule: "the last status in the timeline is the run's",
    text: `select r.environment_id, r.id, r.status, e.last_status from runs r left join lateral (
        select (array_agg(status order by first_seq desc))[1] as last_status
        from run_events e where e.environment_id = r.environment_id and e.run_id = r.id and status is not null
      ) e on true
      where e.last_status is distinct from r.status`,
  },
  {
    invariant: "I4",
    rule: "a shard of the queue that somebody owns has a positive epoch",
    text: `select shard, epoch, owner from queue_epochs where epoch < 1 and owner <> ''`,
  },
  {
    invariant: "ttl",
    rule: "a run that has started does not expire, and has no time at which it would",
    text: `select environment_id, id, status, start_time, expire_time from runs
      where start_time is not null and (expire_time is not null or status = 'EXPIRED')`,
  },
  {
    invariant: "I7",
    rule: "one request id is one run",
    text: `select environment_id, request_id, count(*) from run_contents group by 1, 2 having count(*) > 1`,
  },
  {
    invariant: "I8",
    rule: "an attempt that succeeded is stored with the results of its hooks, run among them",
    text: `select environment_id, run_id, number from attempts where outcome = 'SUCCEEDED' and hooks is null`,
  },
  {
    invariant: "timeline",
    rule: "the entries of a timeline are numbered without gaps, from 1 to the run's event_seq",
    text: `select r.environment_id, r.id, r.event_seq, e.entries, e.last, e.gaps from runs r left join lateral (
        select coalesce(sum(count), 0) as entries, coalesce(max(first_seq + count - 1), 0) as last, count(*) filter (where first_seq <> expected)::int as gaps
        from (
          select first_seq, count, 1 + coalesce(sum(count) over (order by first_seq rows between unbounded preceding and 1 preceding), 0) as expected
          from run_events e where e.environment_id = r.environment_id and e.run_id = r.id
        ) chunks
      ) e on true
      where e.gaps > 0 or e.entries <> r.event_seq or e.last <> r.event_seq`,
  },
];

/** Rules that hold once the cluster has had time to repair: nothing waits for somebody who is gone. */
const settledRules: readonly Rule[] = [
  {
    invariant: "I2",
    rule: "no lease belongs to a supervisor that is unknown or whose own lease ended more than its TTL ago",
    text: `select r.environment_id, r.id, r.status, r.supervisor_id from runs r left join supervisors s on s.id = r.supervisor_id
      where r.lease_token is not null and (s.id is null or s.expire_time + s.ttl_ms * interval '1 ms' < now())`,
  },
  {
    invariant: "I1",
    rule: "no timer is more than 10 s late",
    text: `select environment_id, id, status::text, due_time from runs where due_time < now() - interval '10 s'
      union all select environment_id, id, status::text, expire_time from runs where expire_time < now() - interval '10 s'
      union all select environment_id, id, 'schedule', next_time from schedules where next_time < now() - interval '10 s'`,
  },
];

/** Checks what must hold at every moment. Empty when all is well. */
export function checkInvariants(database: Queryable): Promise<Violation[]> {
  return findViolations(database, rules);
}

/** Checks what must hold once nothing is broken any more and repairs have had their time. Use it with waitFor. */
export function checkSettled(database: Queryable): Promise<Violation[]> {
  return findViolations(database, [...rules, ...settledRules]);
}

/** Remembers how every ended run ended. */
export async function snapshotTerminal(database: Queryable): Promise<TerminalSnapshot> {
  const rows = await database.query<{ key: string; end: string }>({
    name: "kit_terminal",
    text: `select environment_id || '/' || r.id as key, concat_ws(' ', r.status, r.finish_time::text, r.attempt_number,
        (select md5(string_agg(a::text, ',' order by a.number)) from attempts a where a.environment_id = r.environment_id and a.run_id = r.id)) as end
      from runs r where r.status in ${terminal}`,
  });
  return new Map(rows.map(({ key, end }) => [key, end]));
}

/** I3: what had ended before still has, in the same way, with the same attempts and outputs. Empty when all is well. */
export async function checkTerminalUnchanged(database: Queryable, before: TerminalSnapshot): Promise<Violation[]> {
  const after = await snapshotTerminal(database);
  const rows = [...before]
    .filter(([key, end]) => after.get(key) !== end)
    .map(([key, end]) => ({ key, before: end, after: after.get(key) }));
  return rows.length === 0
    ? []
    : [{ invariant: "I3", rule: "a terminal status never changes", rows: rows.slice(0, maxRows) }];
}

async function findViolations(database: Queryable, checked: readonly Rule[]): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const [index, { invariant, rule, text }] of checked.entries()) {
    const rows = await database.query<object>({ name: `kit_invariant_${index}`, text: `${text} limit ${maxRows}` });
    if (rows.length > 0) found.push({ invariant, rule, rows });
  }
  return found;
}
