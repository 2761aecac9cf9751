import type { ApplyDueRequest, ListDueRequest, WatchDueRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { byRunKey, compare } from "../run-order.ts";
import { DUE_START, type DuePosition } from "../store/list-due.ts";
import type { ScheduleRef } from "../store/tick-schedules.ts";
import type { TokenRef } from "../store/token-row.ts";
import { STORE_ID } from "./field-rules.ts";
import { parseInteger } from "./number-rule.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** Items whose moment has come, each once, ordered by their keys. */
export interface DueWork {
  readonly runs: readonly { readonly environmentId: string; readonly runId: string }[];
  readonly supervisorIds: readonly string[];
  readonly tokens: readonly TokenRef[];
  readonly schedules: readonly ScheduleRef[];
  /** Runs whose time to live is over. */
  readonly expiries: readonly { readonly environmentId: string; readonly runId: string }[];
}

const HORIZON_MS = { min: 0, max: 3_600_000 };
const PAGE_SIZE = { min: 0, max: 10_000 };
const DEFAULT_PAGE_SIZE = 1_000;
const MAX_ITEMS = 1_000;

export function parseListDue(request: ListDueRequest): {
  readonly after: DuePosition;
  readonly horizonMs: number;
  readonly size: number;
} {
  const violations: Violation[] = [];
  const horizonMs = parseInteger(request.horizonMs, HORIZON_MS, "horizon_ms", violations);
  const size = parseInteger(request.pageSize, PAGE_SIZE, "page_size", violations);
  const after = request.pageToken === "" ? DUE_START : readDueToken(request.pageToken);
  if (after === undefined) {
    violations.push({
      field: "page_token",
      description: "must be empty or the next_page_token of the previous page.",
    });
  }
  throwIfInvalid(violations);
  return { after: after ?? DUE_START, horizonMs, size: size === 0 ? DEFAULT_PAGE_SIZE : size };
}

export function parseWatchDue(request: WatchDueRequest): { readonly horizonMs: number } {
  const violations: Violation[] = [];
  const horizonMs = parseInteger(request.horizonMs, HORIZON_MS, "horizon_ms", violations);
  throwIfInvalid(violations);
  return { horizonMs };
}

export function parseApplyDue(request: ApplyDueRequest): DueWork {
  const violations: Violation[] = [];
  if (request.items.length > MAX_ITEMS) {
    violations.push({
      field: "items",
      description: `must have at most ${MAX_ITEMS} items; it has ${request.items.length}.`,
    });
    throwIfInvalid(violations);
  }
  const runs = new Map<string, { environmentId: string; runId: string }>();
  const supervisorIds = new Set<string>();
  const tokens = new Map<string, TokenRef>();
  const schedules = new Map<string, ScheduleRef>();
  const expiries = new Map<string, { environmentId: string; runId: string }>();
  for (const [index, { item }] of request.items.entries()) {
    const field = `items[${index}]`;
    if (item.case === "run") {
      const environmentId = parseText(item.value.environmentId, STORE_ID, `${field}.run.environment_id`, violations);
      const runId = parseText(item.value.runId, STORE_ID, `${field}.run.run_id`, violations);
      runs.set(`${environmentId}/${runId}`, { environmentId, runId });
    } else if (item.case === "supervisor") {
      const { supervisorId } = item.value;
      supervisorIds.add(parseText(supervisorId, STORE_ID, `${field}.supervisor.supervisor_id`, violations));
    } else if (item.case === "token") {
      const environmentId = parseText(item.value.environmentId, STORE_ID, `${field}.token.environment_id`, violations);
      const tokenId = parseText(item.value.tokenId, STORE_ID, `${field}.token.token_id`, violations);
      tokens.set(`${environmentId}/${tokenId}`, { environmentId, tokenId });
    } else if (item.case === "schedule") {
      const of = `${field}.schedule`;
      const environmentId = parseText(item.value.environmentId, STORE_ID, `${of}.environment_id`, violations);
      const scheduleId = parseText(item.value.scheduleId, STORE_ID, `${of}.schedule_id`, violations);
      schedules.set(`${environmentId}/${scheduleId}`, { environmentId, scheduleId });
    } else if (item.case === "expiry") {
      const environmentId = parseText(item.value.environmentId, STORE_ID, `${field}.expiry.environment_id`, violations);
      const runId = parseText(item.value.runId, STORE_ID, `${field}.expiry.run_id`, violations);
      expiries.set(`${environmentId}/${runId}`, { environmentId, runId });
    } else
      violations.push({
        field,
        description: "must be a run, a supervisor, a token, a schedule or an expiry of a run.",
      });
  }
  throwIfInvalid(violations);
  return {
    runs: Array.from(runs.values()).toSorted(byRunKey),
    supervisorIds: Array.from(supervisorIds),
    tokens: byKey(tokens),
    schedules: byKey(schedules),
    expiries: Array.from(expiries.values()).toSorted(byRunKey),
  };
}

function byKey<T>(items: ReadonlyMap<string, T>): T[] {
  return Array.from(items)
    .toSorted(([a], [b]) => compare(a, b))
    .map(([, item]) => item);
}

/** The token for the page after a position. */
export function dueToken({ dueTimeUs, id }: DuePosition): string {
  return Buffer.from(`${dueTimeUs}/${id}`).toString("base64url");
}

function readDueToken(token: string): DuePosition | undefined {
  const [, time, id] =
    /^(\d{1,16})\/([A-Za-z0-9_-]{1,64})$/.exec(Buffer.from(token, "base64url").toString("latin1")) ?? [];
  return time === undefined || id === undefined ? undefined : { dueTimeUs: Number(time), id };
}
