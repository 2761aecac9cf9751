import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Heartbeat, RegisterSupervisor } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import type { NewSupervisor } from "../supervisors/register-supervisor.ts";
import { STORE_ID } from "./field-rules.ts";
import { isLeaseToken } from "./lease-token.ts";
import { parseInteger } from "./number-rule.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

const HOSTNAME = { min: 1, max: 256 };
const SANDBOX_TIER = { min: 1, max: 64 };
/** Shorter, and one slow answer costs a supervisor its runs; longer, and a lost one keeps them for hours. */
const TTL_MS = { min: 1_000, max: 3_600_000 };
const MAX_TOKENS = 100_000;

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
  };
  throwIfInvalid(violations);
  return supervisor;
}

/** The tokens of a heartbeat. What is no token is nobody's lease, and is left out. */
export function parseHeartbeat(heartbeat: Heartbeat): string[] {
  if (heartbeat.leaseTokens.length > MAX_TOKENS) {
    throwIfInvalid([
      {
        field: "heartbeat.lease_tokens",
        description: `must have at most ${MAX_TOKENS} items; it has ${heartbeat.leaseTokens.length}.`,
      },
    ]);
  }
  return heartbeat.leaseTokens.filter((token) => isLeaseToken(token));
}
