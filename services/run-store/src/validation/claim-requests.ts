import type { Claim, ClaimRunsRequest, WatchQueuedRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import type { ClaimMessage } from "../queue/claim-runs.ts";
import { STORE_ID } from "./field-rules.ts";
import { parseText } from "./text-rule.ts";
import { parseTraceparent } from "./traceparent.ts";
import { throwIfInvalid } from "./violations.ts";

const MAX_CLAIMS = 1_000;
/** int8 in the database. */
const MAX_EPOCH = 2n ** 63n - 1n;
const QUEUE_SERVICE_ID = { min: 1, max: 256 };

/** Checks a message of claims. Throws FIELD_INVALID: the ids are ours, so a wrong one is the caller's defect and nothing is claimed. */
export function parseClaimRuns(request: ClaimRunsRequest): ClaimMessage {
  const violations: Violation[] = [];
  const count = request.claims.length;
  if (count < 1 || count > MAX_CLAIMS) {
    violations.push({ field: "claims", description: `must have 1 to ${MAX_CLAIMS} items; it has ${count}.` });
    throwIfInvalid(violations);
  }
  if (request.epoch < 0n || request.epoch > MAX_EPOCH)
    violations.push({ field: "epoch", description: `must not be negative; it is ${request.epoch}.` });
  for (const [index, claim] of request.claims.entries()) checkClaim(claim, `claims[${index}]`, violations);
  throwIfInvalid(violations);
  return request;
}

export function parseWatchQueued(request: WatchQueuedRequest): { readonly owner: string } {
  const violations: Violation[] = [];
  const owner = parseText(request.queueServiceId, QUEUE_SERVICE_ID, "queue_service_id", violations);
  throwIfInvalid(violations);
  return { owner };
}

function checkClaim(claim: Claim, field: string, violations: Violation[]): void {
  parseText(claim.environmentId, STORE_ID, `${field}.environment_id`, violations);
  parseText(claim.runId, STORE_ID, `${field}.run_id`, violations);
  parseText(claim.supervisorId, STORE_ID, `${field}.supervisor_id`, violations);
  claim.traceparent = parseTraceparent(claim.traceparent);
}
