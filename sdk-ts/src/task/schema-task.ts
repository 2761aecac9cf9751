import type { StandardSchemaV1 } from "@standard-schema/spec";
import { defineTask } from "./define-task.ts";
import type { InitData } from "./hook-types.ts";
import { payloadRules } from "./payload-parser.ts";
import type { Accepts, Received, TaskOptions } from "./task-options.ts";
import type { Task } from "./task-types.ts";

/**
 * What says what a payload is: a schema of any library that implements Standard Schema (zod, valibot, arktype ...), or a function that returns what it makes of
 * the payload, or throws. Of an error that has `issues` with paths, as those of zod and valibot, these are told.
 */
export type PayloadSchema = StandardSchemaV1 | ((payload: unknown) => unknown);

/** What a schema makes of a payload: `run` and all hooks receive this. */
type Parsed<Schema extends PayloadSchema> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Schema>
  : Schema extends (payload: unknown) => infer Returned
    ? Awaited<Returned>
    : never;

/** What `trigger` takes: of a function nothing else is known than what it returns. */
type Unparsed<Schema extends PayloadSchema> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<Schema>
  : Parsed<Schema>;

/** What `schemaTask()` takes: the options of `task()`, and a schema that says what the payload is. */
export type SchemaTaskOptions<
  Id extends string,
  Schema extends PayloadSchema,
  Output,
  Init,
  HookOutput,
  HookInit,
> = TaskOptions<Id, Parsed<Schema>, Output, Init, Parsed<Schema>, HookOutput, HookInit> & {
  readonly schema: Schema;
};

/**
 * Defines a task whose payload is checked, twice. By who triggers: `trigger` and the rest throw WindlassError, FIELD_INVALID, which names what is wrong by path, and no run is stored; what
 * travels is the payload as it was given. And in the worker before anything else happens: middleware, hooks and `run` see what the schema made of it. There, a payload
 * that does not match fails the run with TASK_INPUT_ERROR: no hook is called, nothing is retried, and the error lists the issues by path. What `trigger` takes is the
 * schema's input type. Throws as `task` does.
 */
export function schemaTask<
  Id extends string,
  Schema extends PayloadSchema,
  Output,
  Init = InitData,
  HookOutput = Output,
  HookInit = Received<Init>,
>(
  options: SchemaTaskOptions<Id, Schema, Output, Init, HookOutput, HookInit> &
    Accepts<Output, HookOutput, unknown, "output"> &
    Accepts<Received<Init>, HookInit, InitData, "init data">,
): Task<Id, Unparsed<Schema>, Output> {
  const { parse, describe } = payloadRules(options.id, options.schema);
  return defineTask(options, {
    optionNames: ["schema", "jsonSchema"],
    parsePayload: parse,
    describePayload: describe,
  });
}
