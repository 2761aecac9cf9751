import type { ListQueuesRequest, OverrideConcurrencyLimitRequest, SetConcurrencyLimitRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { QUEUE_NAME } from "./field-rules.ts";
import { parseInteger } from "./number-rule.ts";
import { type Page, parsePage } from "./page.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** What a page token of ListQueues is bound to. */
export const QUEUE_LIST: readonly unknown[] = ["queues"];

const PAGE = { max: 1_000, default: 100 };
const OVERRIDE = { min: 0, max: 100_000 };
const ENVIRONMENT_LIMIT = { min: 0, max: 1_000_000 };

/** Checks ListQueues. Throws FIELD_INVALID. */
export function parseListQueues(request: ListQueuesRequest): Page {
  const violations: Violation[] = [];
  const page = parsePage(request, PAGE, QUEUE_LIST, violations);
  throwIfInvalid(violations);
  return page;
}

/** Checks a request that names a queue. Throws FIELD_INVALID. */
export function parseQueueName(request: { readonly name: string }): string {
  const violations: Violation[] = [];
  const name = parseText(request.name, QUEUE_NAME, "name", violations);
  throwIfInvalid(violations);
  return name;
}

/** Checks OverrideConcurrencyLimit. Throws FIELD_INVALID. */
export function parseOverrideConcurrencyLimit(request: OverrideConcurrencyLimitRequest): {
  readonly name: string;
  readonly limit: number;
} {
  const violations: Violation[] = [];
  const name = parseText(request.name, QUEUE_NAME, "name", violations);
  const limit = parseInteger(request.concurrencyLimit, OVERRIDE, "concurrency_limit", violations);
  throwIfInvalid(violations);
  return { name, limit };
}

/** Checks SetConcurrencyLimit; null: without limit. Throws FIELD_INVALID. */
export function parseSetConcurrencyLimit(request: SetConcurrencyLimitRequest): number | null {
  if (request.concurrencyLimit === undefined) return null;
  const violations: Violation[] = [];
  const limit = parseInteger(request.concurrencyLimit, ENVIRONMENT_LIMIT, "concurrency_limit", violations);
  throwIfInvalid(violations);
  return limit;
}
