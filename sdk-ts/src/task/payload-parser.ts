import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describeValue } from "./check-options.ts";
import { describeStandardSchema, type PayloadDescription } from "./payload-schema.ts";
import { PayloadInvalid } from "./payload-invalid.ts";

/** Checks and transforms a payload. Rejects with PayloadInvalid, and with whatever a schema throws. */
export type PayloadParser = (payload: unknown) => Promise<unknown>;

/** What `schema` says about payloads: how they are parsed and, if that can be known, what they look like. */
export interface PayloadRules {
  readonly parse: PayloadParser;
  readonly describe: () => PayloadDescription;
}

/** Reads the `schema` of a task: one that implements Standard Schema, or a function that returns what it makes of the payload or throws. Throws a TypeError for anything else. */
export function payloadRules(taskId: string, schema: unknown): PayloadRules {
  const standard = standardOf(schema);
  if (standard !== undefined) {
    return { parse: parserOf(taskId, standard), describe: () => describeStandardSchema(standard) };
  }
  if (typeof schema === "function") {
    return {
      parse: parserOfFunction(taskId, schema as (payload: unknown) => unknown),
      describe: () => ({ problem: "its schema is a function" }),
    };
  }
  throw new TypeError(
    `schema of task ${describeValue(taskId)} must be one that implements Standard Schema, as those of zod, valibot and arktype do, or a function that returns what it makes of the payload`,
  );
}

/** Some libraries make their schemas functions. */
function standardOf(schema: unknown): StandardSchemaV1.Props | undefined {
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard: unknown = isObject && "~standard" in schema ? schema["~standard"] : undefined;
  const isStandard = typeof standard === "object" && standard !== null && "validate" in standard;
  return isStandard && typeof standard.validate === "function" ? (standard as StandardSchemaV1.Props) : undefined;
}

function parserOf(taskId: string, standard: StandardSchemaV1.Props): PayloadParser {
  return async (payload) => {
    const result = await standard.validate(payload);
    if (result.issues !== undefined) throw new PayloadInvalid(taskId, result.issues);
    return result.value;
  };
}

function parserOfFunction(taskId: string, parse: (payload: unknown) => unknown): PayloadParser {
  return async (payload) => {
    try {
      return await parse(payload);
    } catch (thrown) {
      throw new PayloadInvalid(taskId, issuesOf(thrown), { cause: thrown });
    }
  };
}

/** Of an error that lists issues as Standard Schema does (zod's, valibot's) those; else the error is one issue. */
function issuesOf(thrown: unknown): readonly StandardSchemaV1.Issue[] {
  const listed = typeof thrown === "object" && thrown !== null && "issues" in thrown ? thrown.issues : undefined;
  if (Array.isArray(listed) && listed.length > 0 && listed.every(isIssue)) return listed;
  return [{ message: thrown instanceof Error ? thrown.message : String(thrown) }];
}

function isIssue(issue: unknown): issue is StandardSchemaV1.Issue {
  if (typeof issue !== "object" || issue === null || !("message" in issue)) return false;
  return (
    typeof issue.message === "string" && (!("path" in issue) || issue.path === undefined || Array.isArray(issue.path))
  );
}
