import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describeValue } from "./check-options.ts";
import { defineTask } from "./define-task.ts";
import type { InitData } from "./hook-types.ts";
import { PayloadInvalid } from "./payload-invalid.ts";
import type { Accepts, Received, TaskOptions } from "./task-options.ts";
import type { Task } from "./task-types.ts";

/** What a schema makes of a payload: `run` and all hooks receive this. */
type Parsed<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema>;

/** What `schemaTask()` takes: the options of `task()`, and a schema that says what the payload is. */
export type SchemaTaskOptions<
  Id extends string,
  Schema extends StandardSchemaV1,
  Output,
  Init,
  HookOutput,
  HookInit,
> = TaskOptions<Id, Parsed<Schema>, Output, Init, Parsed<Schema>, HookOutput, HookInit> & {
  /** Of any library that implements Standard Schema: zod, valibot, arktype ... */
  readonly schema: Schema;
};

/**
 * Defines a task whose payload is checked before anything else happens: middleware, hooks and `run` see what the schema
 * made of it. A payload that does not match fails the run with TASK_INPUT_ERROR: no hook is called, nothing is retried,
 * and the error lists the issues by path. What `trigger` takes is the schema's input type. Throws as `task` does.
 */
export function schemaTask<
  Id extends string,
  Schema extends StandardSchemaV1,
  Output,
  Init = InitData,
  HookOutput = Output,
  HookInit = Received<Init>,
>(
  options: SchemaTaskOptions<Id, Schema, Output, Init, HookOutput, HookInit> &
    Accepts<Output, HookOutput, unknown, "output"> &
    Accepts<Received<Init>, HookInit, InitData, "init data">,
): Task<Id, StandardSchemaV1.InferInput<Schema>, Output> {
  const { id, schema } = options;
  const validate = validatorOf(id, schema);
  return defineTask(options, {
    optionNames: ["schema"],
    parsePayload: async (payload) => {
      const result = await validate(payload);
      if (result.issues !== undefined) throw new PayloadInvalid(id, result.issues);
      return result.value;
    },
  });
}

function validatorOf(taskId: string, schema: unknown): StandardSchemaV1.Props["validate"] {
  // Some libraries make their schemas functions.
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard: unknown = isObject && "~standard" in schema ? schema["~standard"] : undefined;
  if (typeof standard === "object" && standard !== null && "validate" in standard) {
    const { validate } = standard;
    if (typeof validate === "function") return (value) => validate.call(standard, value);
  }
  throw new TypeError(
    `schema of task ${describeValue(taskId)} must be one that implements Standard Schema, as those of zod, valibot and arktype do`,
  );
}
