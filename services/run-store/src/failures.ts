import { ErrorReason } from "@windlass/proto";
import { CallFailure, status } from "@windlass/proto/grpc";

/** When a full queue is worth another try. */
const QUEUE_FULL_RETRY_MS = 1_000;

/** NOT_FOUND, RUN_NOT_FOUND. The same for a run that does not exist and for another environment's. */
export function runNotFound(runId: string): CallFailure {
  return notFound(ErrorReason.RUN_NOT_FOUND, `This environment has no run ${runId}.`);
}

/** NOT_FOUND, TOKEN_NOT_FOUND. The same for a token that does not exist and for another environment's. */
export function tokenNotFound(tokenId: string): CallFailure {
  return notFound(ErrorReason.TOKEN_NOT_FOUND, `This environment has no token ${tokenId}.`);
}

/** NOT_FOUND, SCHEDULE_NOT_FOUND. The same for a schedule that does not exist and for another environment's. */
export function scheduleNotFound(scheduleId: string): CallFailure {
  return notFound(ErrorReason.SCHEDULE_NOT_FOUND, `This environment has no schedule ${scheduleId}.`);
}

/** FAILED_PRECONDITION, SCHEDULE_DECLARATIVE. */
export function scheduleDeclarative(scheduleId: string, problem: string): CallFailure {
  return failedPrecondition(ErrorReason.SCHEDULE_DECLARATIVE, `The schedule ${scheduleId} ${problem}`);
}

/** NOT_FOUND, BATCH_NOT_FOUND. The same for a batch that does not exist and for another environment's. */
export function batchNotFound(batchId: string): CallFailure {
  return notFound(ErrorReason.BATCH_NOT_FOUND, `This environment has no batch ${batchId}.`);
}

/** NOT_FOUND, QUEUE_NOT_FOUND. The same for a queue that does not exist and for another environment's. */
export function queueNotFound(name: string): CallFailure {
  return notFound(ErrorReason.QUEUE_NOT_FOUND, `This environment has no queue ${name}.`);
}

/** NOT_FOUND, VARIABLE_NOT_FOUND. */
export function variableNotFound(name: string): CallFailure {
  return notFound(ErrorReason.VARIABLE_NOT_FOUND, `This environment has no variable ${name}.`);
}

/** ALREADY_EXISTS, VARIABLE_EXISTS. Nothing was changed. */
export function variableExists(names: readonly string[]): CallFailure {
  const [first, ...others] = names;
  return new CallFailure({
    code: status.ALREADY_EXISTS,
    reason: ErrorReason.VARIABLE_EXISTS,
    message: `The variable ${first}${others.length === 0 ? "" : ` (and ${others.length} more)`} is set already; nothing was changed.`,
  });
}

/** RESOURCE_EXHAUSTED, QUEUE_FULL. */
export function queueFull(name: string, maxLength: number): CallFailure {
  return new CallFailure({
    code: status.RESOURCE_EXHAUSTED,
    reason: ErrorReason.QUEUE_FULL,
    message: `As many runs wait in the queue ${name} as may (${maxLength}); try again when some have begun.`,
    retryAfterMs: QUEUE_FULL_RETRY_MS,
  });
}

/** FAILED_PRECONDITION, RUN_NOT_DELAYED. */
export function runNotDelayed(runId: string, runStatus: string): CallFailure {
  return failedPrecondition(
    ErrorReason.RUN_NOT_DELAYED,
    `The run ${runId} is ${runStatus}; only a DELAYED run can be rescheduled.`,
  );
}

/** NOT_FOUND, DEPLOYMENT_NOT_FOUND. */
export function deploymentNotFound(message: string): CallFailure {
  return notFound(ErrorReason.DEPLOYMENT_NOT_FOUND, message);
}

/** FAILED_PRECONDITION, DEPLOYMENT_NOT_CURRENT. Nothing was changed. */
export function deploymentNotCurrent(version: string, current: string): CallFailure {
  return failedPrecondition(
    ErrorReason.DEPLOYMENT_NOT_CURRENT,
    `The version ${version} is not current, ${current} is; nothing was changed.`,
  );
}

/** NOT_FOUND, ENVIRONMENT_NOT_FOUND. */
export function environmentNotFound(environmentId: string): CallFailure {
  return notFound(ErrorReason.ENVIRONMENT_NOT_FOUND, `There is no environment ${environmentId}.`);
}

/** ALREADY_EXISTS, ENVIRONMENT_EXISTS. */
export function environmentExists(slug: string): CallFailure {
  return new CallFailure({
    code: status.ALREADY_EXISTS,
    reason: ErrorReason.ENVIRONMENT_EXISTS,
    message: `An environment with the slug ${slug} exists; choose another slug.`,
  });
}

/** NOT_FOUND, API_KEY_NOT_FOUND. */
export function apiKeyNotFound(apiKeyId: string): CallFailure {
  return notFound(ErrorReason.API_KEY_NOT_FOUND, `This environment has no API key ${apiKeyId}.`);
}

/** INVALID_ARGUMENT, BUNDLE_CORRUPT. */
export function bundleCorrupt(message: string): CallFailure {
  return new CallFailure({ code: status.INVALID_ARGUMENT, reason: ErrorReason.BUNDLE_CORRUPT, message });
}

/** FAILED_PRECONDITION, RUN_NOT_QUEUED. */
export function runNotQueued(runId: string): CallFailure {
  return failedPrecondition(ErrorReason.RUN_NOT_QUEUED, `The run ${runId} is not queued (any more).`);
}

/** FAILED_PRECONDITION, SUPERVISOR_EXPIRED. */
export function supervisorExpired(supervisorId: string): CallFailure {
  return failedPrecondition(
    ErrorReason.SUPERVISOR_EXPIRED,
    `The supervisor ${supervisorId} is unknown or its lease has expired; it must register again.`,
  );
}

/** FAILED_PRECONDITION, EPOCH_STALE. Nothing was claimed. */
export function epochStale(shard: number, epoch: bigint, current: bigint | undefined): CallFailure {
  return failedPrecondition(
    ErrorReason.EPOCH_STALE,
    `The epoch of shard ${shard} is ${current ?? "not yet given out"}, not ${epoch}: another queue service owns it.`,
  );
}

/** FAILED_PRECONDITION, EPOCH_STALE: the caller was not given the shard, or has lost it. */
export function shardNotOwned(shard: number, owner: string): CallFailure {
  return failedPrecondition(
    ErrorReason.EPOCH_STALE,
    `Shard ${shard} does not belong to ${owner}; HoldShards says who has what.`,
  );
}

function notFound(reason: ErrorReason, message: string): CallFailure {
  return new CallFailure({ code: status.NOT_FOUND, reason, message });
}

function failedPrecondition(reason: ErrorReason, message: string): CallFailure {
  return new CallFailure({ code: status.FAILED_PRECONDITION, reason, message });
}
