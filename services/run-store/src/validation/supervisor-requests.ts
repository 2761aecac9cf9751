import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Heartbeat, ListSupervisorsRequest, RegisterSupervisor, SupervisorCapacity } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import type { NewSupervisor } from "../supervisors/register-supervisor.ts";
import type { SupervisorLoad } from "../store/renew-supervisor.ts";
import { STORE_ID } from "./field-rules.ts";
import { isLeaseToken } from "./lease-token.ts";
import { parseInteger } from "./number-rule.ts";
import { type Page, parsePage } from "./page.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

const HOSTNAME = { min: 1, max: 256 };
const SANDBOX_TIER = { min: 1, max: 64 };
/** Shorter, and one slow answer costs a supervisor its runs; longer, and a lost one keeps them for hours. */
const TTL_MS = { min: 1_000, max: 3_600_000 };
const MAX_TOKENS = 100_000;
const RELEASE = { min: 0, max: 64 };
const WORKERS = { min: 1, max: 1_000_000 };
const MAX_AMOUNT = 1_000_000;
const MACHINE = { min: 1, max: 64 };
const MAX_MACHINES = 100;
const LOAD = { min: 0, max: 1_000_000 };
const SUPERVISOR_PAGE = { max: 1_000, default: 100 };

/** What a page token of ListSupervisors is bound to. */
export const SUPERVISOR_LIST: readonly unknown[] = ["supervisors"];

/** A heartbeat: what is held, and how much that is. */
export interface ParsedHeartbeat extends SupervisorLoad {
  readonly leaseTokens: readonly string[];
}

/** Checks ListSupervisors. Throws FIELD_INVALID. */
export function parseListSupervisors(request: ListSupervisorsRequest): Page {
  const violations: Violation[] = [];
  const page = parsePage(request, SUPERVISOR_PAGE, SUPERVISOR_LIST, violations);
  throwIfInvalid(violations);
  return page;
}

export function parseRegisterSupervisor(request: RegisterSupervisor): NewSupervisor {
  const violations: Violation[] = [];
  const ttlMs = request.ttl === undefined ? 0 : Math.round(durationMs(request.ttl));
  const supervisor = {
    id: parseText(request.supervisorId, STORE_ID, "register.supervisor_id", violations),
    hostname: parseText(request.hostname, HOSTNAME, "register.hostname", violations),
    sandboxTier: parseText(request.sandboxTier, SANDBOX_TIER, "register.sandbox_tier", violations),
    ttlMs: parseInteger(ttlMs, TTL_MS, "register.ttl", violations),
    replacesId:
      request.replacesSupervisorId === ""
        ? ""
        : parseText(request.replacesSupervisorId, STORE_ID, "register.replaces_supervisor_id", violations),
    capacity: request.capacity === undefined ? null : parseCapacity(request.capacity, violations),
    release: parseText(request.release, RELEASE, "register.release", violations),
  };
  throwIfInvalid(violations);
  return supervisor;
}

function parseCapacity(capacity: SupervisorCapacity, violations: Violation[]): NewSupervisor["capacity"] {
  const field = "register.capacity";
  const amount = (value: number, name: string): number => {
    if (value >= 0 && value <= MAX_AMOUNT) return value;
    violations.push({ field: `${field}.${name}`, description: `must be 0 to ${MAX_AMOUNT}; it is ${value}.` });
    return 0;
  };
  const { machines } = capacity;
  if (machines.length > MAX_MACHINES) {
    const description = `must have at most ${MAX_MACHINES} items; it has ${machines.length}.`;
    violations.push({ field: `${field}.machines`, description });
  }
  return {
    workers: parseInteger(capacity.workers, WORKERS, `${field}.workers`, violations),
    vcpu: amount(capacity.vcpu, "vcpu"),
    memoryGb: amount(capacity.memoryGb, "memory_gb"),
    machines: machines
      .slice(0, MAX_MACHINES)
      .map((machine, index) => parseText(machine, MACHINE, `${field}.machines[${index}]`, violations)),
  };
}

/** Checks a heartbeat. Of its tokens, what is none is nobody's lease, and is left out. Throws FIELD_INVALID. */
export function parseHeartbeat(heartbeat: Heartbeat): ParsedHeartbeat {
  const { leaseTokens, isDraining } = heartbeat;
  const violations: Violation[] = [];
  if (leaseTokens.length > MAX_TOKENS) {
    const description = `must have at most ${MAX_TOKENS} items; it has ${leaseTokens.length}.`;
    violations.push({ field: "heartbeat.lease_tokens", description });
  }
  const executing = parseInteger(heartbeat.executing, LOAD, "heartbeat.executing", violations);
  const suspended = parseInteger(heartbeat.suspended, LOAD, "heartbeat.suspended", violations);
  throwIfInvalid(violations);
  return { leaseTokens: leaseTokens.filter((token) => isLeaseToken(token)), executing, suspended, isDraining };
}
