import type { Trigger, TriggerTaskRequest, TriggerTasksRequest } from "@windlass/proto";
import { CallFailure, fieldInvalid, type Violation } from "@windlass/proto/grpc";
import { QUEUE, REQUEST_ID, STORE_ID, TASK_ID } from "./field-rules.ts";
import { parseInteger } from "./number-rule.ts";
import { parsePayload, type StoredContent } from "./payload.ts";
import { type ParsedRunOptions, parseRunOptions } from "./run-options.ts";
import { parseTags } from "./tags.ts";
import { parseText } from "./text-rule.ts";
import { parseTraceparent } from "./traceparent.ts";
import { throwIfInvalid } from "./violations.ts";

/** A checked request to run a task. */
export interface ParsedTrigger {
  readonly requestId: string;
  readonly taskId: string;
  readonly payload: StoredContent;
  /** "" when the task's own queue is wanted. */
  readonly queue: string;
  /** 0 when the task's own limit is wanted. */
  readonly maxAttempts: number;
  readonly tags: string[];
  readonly isTest: boolean;
  /** A well-formed W3C traceparent of version 00, or "". */
  readonly traceparent: string;
  /** The run that triggers this one, or "". */
  readonly parentRunId: string;
  readonly options: ParsedRunOptions;
}

const MAX_TRIGGERS = 1000;
const MAX_ATTEMPTS = { min: 0, max: 100 };

/** Checks one trigger. `nowUs` bounds its start time. Throws FIELD_INVALID naming every wrong field. */
export function parseTriggerTask(request: TriggerTaskRequest, nowUs: number): ParsedTrigger {
  return parseTrigger(request.trigger, "trigger", nowUs);
}

/**
 * Checks a message of triggers: each item becomes a checked trigger, or the failure to answer that item with, because a bad item fails alone.
 * Throws FIELD_INVALID for the whole message when it has no item or more than 1,000.
 */
export function parseTriggerTasks(request: TriggerTasksRequest, nowUs: number): (ParsedTrigger | CallFailure)[] {
  const count = request.triggers.length;
  if (count < 1 || count > MAX_TRIGGERS)
    throw fieldInvalid({ field: "triggers", description: `must have 1 to ${MAX_TRIGGERS} items; it has ${count}.` });
  return request.triggers.map((trigger, index) => {
    try {
      return parseTrigger(trigger, `triggers[${index}]`, nowUs);
    } catch (error) {
      if (error instanceof CallFailure) return error;
      throw error;
    }
  });
}

function parseTrigger(trigger: Trigger | undefined, field: string, nowUs: number): ParsedTrigger {
  if (trigger === undefined) throw fieldInvalid({ field, description: "must be set." });
  const violations: Violation[] = [];
  const parsed: ParsedTrigger = {
    requestId: parseText(trigger.requestId, REQUEST_ID, `${field}.request_id`, violations),
    taskId: parseText(trigger.taskId, TASK_ID, `${field}.task_id`, violations),
    payload: parsePayload(trigger.payload, `${field}.payload`, violations),
    queue: trigger.queue === "" ? "" : parseText(trigger.queue, QUEUE, `${field}.queue`, violations),
    maxAttempts: parseInteger(trigger.maxAttempts, MAX_ATTEMPTS, `${field}.max_attempts`, violations),
    tags: parseTags(trigger.tags, `${field}.tags`, violations),
    isTest: trigger.isTest,
    traceparent: parseTraceparent(trigger.traceparent),
    parentRunId:
      trigger.parentRunId === "" ? "" : parseText(trigger.parentRunId, STORE_ID, `${field}.parent_run_id`, violations),
    options: parseRunOptions(trigger.options, `${field}.options`, nowUs, violations),
  };
  throwIfInvalid(violations);
  return parsed;
}
