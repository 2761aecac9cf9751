import type { Claim, ClaimNext, ClaimRunsRequest, HoldShardsRequest, WatchQueuedRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import type { ClaimMessage } from "../queue/claim-runs.ts";
import { QUEUE_SHARDS } from "../queue/environment-shards.ts";
import type { Hello } from "../queue/hold-shards.ts";
import type { NextClaim } from "../queue/next-claims.ts";
import { CONCURRENCY_KEY, STORE_ID, TASK_ID } from "./field-rules.ts";
import { parseInteger } from "./number-rule.ts";
import { parseText } from "./text-rule.ts";
import { parseTraceparent } from "./traceparent.ts";
import { throwIfInvalid } from "./violations.ts";

const MAX_CLAIMS = 1_000;
/** int8 in the database. */
const MAX_EPOCH = 2n ** 63n - 1n;
const QUEUE_SERVICE_ID = { min: 1, max: 256 };
const ADDRESS = { min: 1, max: 256 };
/** Chosen by name, or `task/<task id>`. */
const QUEUE_NAME = { min: 1, max: 5 + TASK_ID.max };
const MACHINE = { min: 0, max: 32 };
const SHARD = { min: 0, max: QUEUE_SHARDS - 1 };

/** Checks a message of claims. Throws FIELD_INVALID: the ids are ours, so a wrong one is the caller's defect and nothing is claimed. */
export function parseClaimRuns(request: ClaimRunsRequest): ClaimMessage {
  const violations: Violation[] = [];
  const count = request.claims.length;
  if (count < 1 || count > MAX_CLAIMS) {
    violations.push({ field: "claims", description: `must have 1 to ${MAX_CLAIMS} items; it has ${count}.` });
    throwIfInvalid(violations);
  }
  checkOwnership(request, violations);
  for (const [index, claim] of request.claims.entries()) checkClaim(claim, `claims[${index}]`, violations);
  throwIfInvalid(violations);
  return request;
}

/** Checks a claim of runs to come. Throws FIELD_INVALID. */
export function parseClaimNext({ shard, epoch, claims }: ClaimRunsRequest, next: ClaimNext): NextClaim {
  const violations: Violation[] = [];
  checkOwnership({ shard, epoch }, violations);
  if (claims.length > 0) violations.push({ field: "claims", description: "must be empty beside next." });
  parseText(next.environmentId, STORE_ID, "next.environment_id", violations);
  parseText(next.supervisorId, STORE_ID, "next.supervisor_id", violations);
  parseText(next.queue, QUEUE_NAME, "next.queue", violations);
  parseText(next.concurrencyKey, { ...CONCURRENCY_KEY, min: 0 }, "next.concurrency_key", violations);
  parseText(next.machine, MACHINE, "next.machine", violations);
  parseInteger(next.count, { min: 1, max: MAX_CLAIMS }, "next.count", violations);
  throwIfInvalid(violations);
  return { shard, epoch, next };
}

/** Checks WatchQueued. Throws FIELD_INVALID. */
export function parseWatchQueued(request: WatchQueuedRequest): { readonly owner: string; readonly shard: number } {
  const violations: Violation[] = [];
  const owner = parseText(request.queueServiceId, QUEUE_SERVICE_ID, "queue_service_id", violations);
  const shard = parseInteger(request.shard, SHARD, "shard", violations);
  throwIfInvalid(violations);
  return { owner, shard };
}

/** Checks a hello of HoldShards. Throws FIELD_INVALID. */
export function parseHoldShards(request: HoldShardsRequest): Hello {
  const violations: Violation[] = [];
  const id = parseText(request.queueServiceId, QUEUE_SERVICE_ID, "queue_service_id", violations);
  const address = parseText(request.address, ADDRESS, "address", violations);
  if (request.releasedShards.length > QUEUE_SHARDS)
    violations.push({ field: "released_shards", description: `must have at most ${QUEUE_SHARDS} items.` });
  else
    for (const [index, shard] of request.releasedShards.entries())
      parseInteger(shard, SHARD, `released_shards[${index}]`, violations);
  throwIfInvalid(violations);
  return { id, address, released: request.releasedShards };
}

function checkOwnership({ shard, epoch }: Pick<ClaimRunsRequest, "shard" | "epoch">, violations: Violation[]): void {
  if (epoch < 0n || epoch > MAX_EPOCH)
    violations.push({ field: "epoch", description: `must not be negative; it is ${epoch}.` });
  parseInteger(shard, SHARD, "shard", violations);
}

function checkClaim(claim: Claim, field: string, violations: Violation[]): void {
  parseText(claim.environmentId, STORE_ID, `${field}.environment_id`, violations);
  parseText(claim.runId, STORE_ID, `${field}.run_id`, violations);
  parseText(claim.supervisorId, STORE_ID, `${field}.supervisor_id`, violations);
  claim.traceparent = parseTraceparent(claim.traceparent);
}
