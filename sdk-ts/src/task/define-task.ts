import type { CheckedCron } from "../schedule/cron.ts";
import { taskTriggers } from "../wait/task-triggers.ts";
import { describeValue, refuseUnknownKeys } from "./check-options.ts";
import { type AnyHook, type HookName, hookNames } from "./hook-types.ts";
import { resolveIsolation } from "./isolation.ts";
import { resolveMachine } from "./machine.ts";
import { resolveMaxDuration } from "./max-duration.ts";
import type { PayloadParser } from "./payload-parser.ts";
import { describeJsonSchema } from "./payload-schema.ts";
import { projectDefaults } from "./project-defaults.ts";
import { resolveQueue } from "./queue.ts";
import { resolveRetryOptions } from "./retry-options.ts";
import { isTaskId, TASK_ID_LIMIT } from "./task-id.ts";
import { type RegisteredTask, taskRegistry } from "./task-registry.ts";
import type { Task } from "./task-types.ts";

/** The options that all kinds of tasks have, as they come: nothing about them is believed. */
type UncheckedOptions = Readonly<
  Record<
    "id" | "description" | "retry" | "queue" | "machine" | "isolation" | "maxDuration" | "jsonSchema" | "run",
    unknown
  >
> &
  Partial<Readonly<Record<HookName, unknown>>>;

/** What a kind of task adds to the common options. */
export interface TaskKind {
  readonly optionNames: readonly string[];
  readonly parsePayload?: PayloadParser;
  /** What is known of the payload when nobody says `jsonSchema`. */
  readonly describePayload?: NonNullable<RegisteredTask["describePayload"]>;
  /** True: its payload is a tick of a schedule. */
  readonly isScheduled?: boolean;
  /** The schedule that it declares. */
  readonly cron?: CheckedCron | undefined;
}

const OPTION_NAMES = [
  "id",
  "description",
  "retry",
  "queue",
  "machine",
  "isolation",
  "maxDuration",
  "run",
  ...hookNames,
];
const MAX_DESCRIPTION_CHARS = 1_000;

/** Checks the options, registers the task and makes its handle. Throws as `task` says. */
export function defineTask<Id extends string, Payload, Output>(
  options: object,
  kind: TaskKind,
): Task<Id, Payload, Output> {
  const unchecked = options as UncheckedOptions;
  const { id } = unchecked;
  if (!isTaskId(id)) throw new TypeError(`the id of a task ${TASK_ID_LIMIT}, got ${describeValue(id)}`);
  const owner = `task "${id}"`;
  refuseUnknownKeys(owner, options, [...OPTION_NAMES, ...kind.optionNames]);
  if (typeof unchecked.run !== "function") throw new TypeError(`${owner} has no run function`);
  const handle: Task<Id, Payload, Output> = {
    id: id as Id,
    ...taskTriggers<Id, Payload, Output>(id as Id, kind.parsePayload),
  };
  const defaults = projectDefaults.current;
  const describePayload = checkJsonSchema(owner, unchecked.jsonSchema) ?? kind.describePayload;
  taskRegistry.register({
    id,
    handle,
    filePath: taskRegistry.loadingFile,
    description: checkDescription(owner, unchecked.description),
    queue: resolveQueue(owner, unchecked.queue),
    retry: resolveRetryOptions(owner, unchecked.retry as object | undefined, defaults.retry),
    isRetryDisabledInDevelopment: defaults.isRetryDisabledInDevelopment ?? false,
    maxDurationS: resolveMaxDuration(owner, unchecked.maxDuration) ?? defaults.maxDurationS,
    machine: resolveMachine(`machine of ${owner}`, unchecked.machine) ?? defaults.machine,
    isolation: resolveIsolation(owner, unchecked.isolation),
    run: unchecked.run as AnyHook,
    isScheduled: kind.isScheduled ?? false,
    cron: kind.cron,
    hooks: checkHooks(owner, unchecked),
    ...(kind.parsePayload !== undefined && { parsePayload: kind.parsePayload }),
    ...(describePayload !== undefined && { describePayload }),
  });
  return handle;
}

function checkJsonSchema(owner: string, schema: unknown): RegisteredTask["describePayload"] {
  if (schema === undefined) return undefined;
  const description = describeJsonSchema(schema);
  if ("problem" in description) throw new TypeError(`jsonSchema of ${owner}: ${description.problem}`);
  return () => description;
}

function checkDescription(owner: string, description: unknown): string {
  if (description === undefined) return "";
  if (typeof description !== "string" || description.length > MAX_DESCRIPTION_CHARS || !description.isWellFormed()) {
    throw new TypeError(
      `description of ${owner} must be a well-formed string of at most 1,000 characters, got ${describeValue(description)}`,
    );
  }
  return description;
}

/** The hooks among the options. Throws a TypeError for one that is no function, and for handleError beside catchError. */
export function checkHooks(
  owner: string,
  options: Partial<Readonly<Record<HookName, unknown>>>,
): Partial<Record<HookName, AnyHook>> {
  const hooks: Partial<Record<HookName, AnyHook>> = {};
  for (const name of hookNames) {
    const hook = options[name];
    if (hook === undefined) continue;
    if (typeof hook !== "function")
      throw new TypeError(`${name} of ${owner} must be a function, got ${describeValue(hook)}`);
    hooks[name] = hook as AnyHook;
  }
  if (hooks.handleError !== undefined && hooks.catchError !== undefined) {
    throw new TypeError(`${owner} has both handleError and catchError, which are two names for the same`);
  }
  return hooks;
}
