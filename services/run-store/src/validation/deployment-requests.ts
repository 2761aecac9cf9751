import type {
  DeploymentHeader,
  GetBundleRequest,
  ListDeploymentsRequest,
  PromoteDeploymentRequest,
  RetryPolicy,
  RollbackDeploymentRequest,
  TaskDefinition,
} from "@windlass/proto";
import { fieldInvalid, type Violation } from "@windlass/proto/grpc";
import { type ParsedCron, parseCron } from "./cron.ts";
import { DESCRIPTION, EXPORT_NAME, FILE_PATH, QUEUE, SHA256_HEX, TASK_ID, VERSION } from "./field-rules.ts";
import { DEFAULT_MACHINE, parseMachine } from "./machine.ts";
import { parseDouble, parseInteger, parseMaxDuration } from "./number-rule.ts";
import { type Page, parsePage } from "./page.ts";
import { parsePayloadSchema } from "./payload-schema.ts";
import { quote } from "./quote.ts";
import { checkQueuesAgree } from "./queue-agreement.ts";
import { type ParsedRateLimit, parseRateLimit } from "./rate-limit.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** How failed attempts are repeated. */
export interface ParsedRetryPolicy {
  readonly maxAttempts: number;
  readonly factor: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly randomize: boolean;
  /** Null when an attempt that ran out of memory is not repeated. */
  readonly outOfMemoryMachine: string | null;
  readonly isDisabledInDevelopment: boolean;
}

/** A checked task of a version. */
export interface ParsedTaskDefinition {
  readonly id: string;
  readonly filePath: string;
  readonly exportName: string;
  /** Never empty: a task that names no queue has one of its own. */
  readonly queue: string;
  readonly retry: ParsedRetryPolicy;
  readonly description: string;
  /** Null: without limit. */
  readonly maxDurationSeconds: number | null;
  readonly machine: string;
  readonly needsFreshProcess: boolean;
  /** Null: without limit. */
  readonly queueConcurrencyLimit: number | null;
  /** Null: none. */
  readonly queueRateLimit: ParsedRateLimit | null;
  /** Null: without limit. */
  readonly queueMaxLength: number | null;
  /** The schedule that the task declares; null: none. */
  readonly cron: ParsedCron | null;
  readonly isScheduled: boolean;
  /** What its payloads look like, as the text of a JSON Schema; null: not known. */
  readonly payloadSchemaJson: string | null;
}

/** A checked announcement of an upload. */
export interface ParsedDeploymentHeader {
  readonly bundleHash: string;
  readonly bundleSize: number;
  readonly tasks: readonly ParsedTaskDefinition[];
}

/** 64 MB: what a run-store holds in memory for one upload. */
export const MAX_BUNDLE_BYTES = 64 * 1024 * 1024;
/** 1 MB, in both directions: small enough to share a connection with other calls. */
export const MAX_CHUNK_BYTES = 1024 * 1024;

/** What a page token of ListDeployments is bound to. */
export const DEPLOYMENT_LIST: readonly unknown[] = ["deployments"];

const DEPLOYMENT_PAGE = { max: 100, default: 20 };
const MAX_TASKS = 10_000;
/** 4 MB in all texts of a version: its tasks travel in one message. */
const MAX_INDEX_CHARACTERS = 4 * 1024 * 1024;
/** An index full of mistakes is answered with the first ones. */
const MAX_VIOLATIONS = 50;

const MAX_ATTEMPTS = { min: 1, max: 100 };
const CONCURRENCY_LIMIT = { min: 0, max: 100_000 };
const MAX_LENGTH = { min: 1, max: 10_000_000 };
const FACTOR = { min: 1, max: 100 };
const DAY_MS = 86_400_000;

/** Checks the first message of an upload. Throws FIELD_INVALID; two tasks of one id are told with the files of both. */
export function parseDeploymentHeader(header: DeploymentHeader): ParsedDeploymentHeader {
  const violations: Violation[] = [];
  const parsed: ParsedDeploymentHeader = {
    bundleHash: parseText(header.bundleHash, SHA256_HEX, "header.bundle_hash", violations),
    bundleSize: parseInteger(header.bundleSize, { min: 1, max: MAX_BUNDLE_BYTES }, "header.bundle_size", violations),
    tasks: parseTasks(header.tasks, violations),
  };
  throwIfInvalid(violations);
  return parsed;
}

/** Checks a later message of an upload. Throws FIELD_INVALID. */
export function parseChunk(chunk: Uint8Array): Uint8Array {
  if (chunk.byteLength >= 1 && chunk.byteLength <= MAX_CHUNK_BYTES) return chunk;
  throw fieldInvalid({
    field: "chunk",
    description: `must have 1 to ${MAX_CHUNK_BYTES} bytes; it has ${chunk.byteLength}.`,
  });
}

/** Checks ListDeployments. Throws FIELD_INVALID. */
export function parseListDeployments(request: ListDeploymentsRequest): { page: Page } {
  const violations: Violation[] = [];
  const page = parsePage(request, DEPLOYMENT_PAGE, DEPLOYMENT_LIST, violations);
  throwIfInvalid(violations);
  return { page };
}

/** Checks PromoteDeployment. Throws FIELD_INVALID. */
export function parsePromoteDeployment(request: PromoteDeploymentRequest): { version: string } {
  const violations: Violation[] = [];
  const version = parseText(request.version, VERSION, "version", violations);
  throwIfInvalid(violations);
  return { version };
}

/** Checks RollbackDeployment. Throws FIELD_INVALID. */
export function parseRollbackDeployment(request: RollbackDeploymentRequest): {
  fromVersion: string;
  version: string | undefined;
} {
  const violations: Violation[] = [];
  const fromVersion = parseText(request.fromVersion, VERSION, "from_version", violations);
  const version = request.version === "" ? undefined : parseText(request.version, VERSION, "version", violations);
  throwIfInvalid(violations);
  return { fromVersion, version };
}

/** Checks GetBundle. Throws FIELD_INVALID. */
export function parseGetBundle(request: GetBundleRequest): { bundleHash: string } {
  const violations: Violation[] = [];
  const bundleHash = parseText(request.bundleHash, SHA256_HEX, "bundle_hash", violations);
  throwIfInvalid(violations);
  return { bundleHash };
}

function parseTasks(tasks: readonly TaskDefinition[], violations: Violation[]): ParsedTaskDefinition[] {
  if (tasks.length < 1 || tasks.length > MAX_TASKS) {
    violations.push({
      field: "header.tasks",
      description: `must have 1 to ${MAX_TASKS} items; it has ${tasks.length}.`,
    });
    return [];
  }
  const parsed: ParsedTaskDefinition[] = [];
  const fileById = new Map<string, string>();
  let characters = 0;
  for (const [index, task] of tasks.entries()) {
    if (violations.length >= MAX_VIOLATIONS) return parsed;
    const field = `header.tasks[${index}]`;
    parsed.push(parseTask(task, field, violations));
    characters +=
      task.id.length +
      task.filePath.length +
      task.exportName.length +
      task.queue.length +
      task.description.length +
      Buffer.byteLength(task.payloadSchemaJson);
    const file = fileById.get(task.id);
    if (file === undefined) {
      fileById.set(task.id, task.filePath);
    } else {
      violations.push({
        field: `${field}.id`,
        description: `must be unique; ${quote(task.id)} is defined in ${quote(file)} and in ${quote(task.filePath)}.`,
      });
    }
  }
  checkQueuesAgree(parsed, violations);
  if (characters > MAX_INDEX_CHARACTERS) {
    violations.push({
      field: "header.tasks",
      description: `must have at most ${MAX_INDEX_CHARACTERS} characters in all ids, paths, names, queues, descriptions and payload schemas; it has ${characters}.`,
    });
  }
  return parsed;
}

function parseTask(task: TaskDefinition, field: string, violations: Violation[]): ParsedTaskDefinition {
  // The queue that a task without one gets is also accepted when it is named, so that what the store tells can be sent to it again.
  const ownQueue = `task/${task.id}`;
  return {
    id: parseText(task.id, TASK_ID, `${field}.id`, violations),
    filePath: parseText(task.filePath, FILE_PATH, `${field}.file_path`, violations),
    exportName: parseText(task.exportName, EXPORT_NAME, `${field}.export_name`, violations),
    queue:
      task.queue === "" || task.queue === ownQueue
        ? ownQueue
        : parseText(task.queue, QUEUE, `${field}.queue`, violations),
    retry: parseRetryPolicy(task.retry, `${field}.retry`, violations),
    description: parseText(task.description, DESCRIPTION, `${field}.description`, violations),
    cron: task.cron === undefined ? null : parseCron(task.cron, `${field}.cron`, violations),
    isScheduled: task.isScheduled,
    payloadSchemaJson: parsePayloadSchema(task.payloadSchemaJson, `${field}.payload_schema_json`, violations),
    maxDurationSeconds: parseMaxDuration(task.maxDurationSeconds, `${field}.max_duration_seconds`, violations),
    machine: parseMachine(task.machine, `${field}.machine`, violations) ?? DEFAULT_MACHINE,
    needsFreshProcess: task.needsFreshProcess,
    queueConcurrencyLimit:
      task.queueConcurrencyLimit === undefined
        ? null
        : parseInteger(task.queueConcurrencyLimit, CONCURRENCY_LIMIT, `${field}.queue_concurrency_limit`, violations),
    queueRateLimit:
      task.queueRateLimit === undefined
        ? null
        : parseRateLimit(task.queueRateLimit, `${field}.queue_rate_limit`, violations),
    queueMaxLength:
      task.queueMaxLength === undefined
        ? null
        : parseInteger(task.queueMaxLength, MAX_LENGTH, `${field}.queue_max_length`, violations),
  };
}

function parseRetryPolicy(policy: RetryPolicy | undefined, field: string, violations: Violation[]): ParsedRetryPolicy {
  if (policy === undefined) {
    violations.push({ field, description: "must be set." });
    return {
      maxAttempts: 1,
      factor: 1,
      minTimeoutMs: 0,
      maxTimeoutMs: 0,
      randomize: false,
      outOfMemoryMachine: null,
      isDisabledInDevelopment: false,
    };
  }
  const maxTimeoutMs = parseInteger(
    policy.maxTimeoutMs,
    { min: 0, max: DAY_MS },
    `${field}.max_timeout_ms`,
    violations,
  );
  return {
    maxAttempts: parseInteger(policy.maxAttempts, MAX_ATTEMPTS, `${field}.max_attempts`, violations),
    factor: parseDouble(policy.factor, FACTOR, `${field}.factor`, violations),
    minTimeoutMs: parseInteger(
      policy.minTimeoutMs,
      { min: 0, max: Math.min(Math.max(maxTimeoutMs, 0), DAY_MS) },
      `${field}.min_timeout_ms`,
      violations,
    ),
    maxTimeoutMs,
    randomize: policy.randomize,
    outOfMemoryMachine: parseMachine(policy.outOfMemoryMachine, `${field}.out_of_memory_machine`, violations),
    isDisabledInDevelopment: policy.isDisabledInDevelopment,
  };
}
