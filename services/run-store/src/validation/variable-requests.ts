import type {
  DeleteVariablesRequest,
  GetVariableRequest,
  GetVariablesRequest,
  SetVariablesRequest,
  UpdateVariableRequest,
} from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { MAX_VARIABLES, type VariablesToSet } from "../variables/change-variables.ts";
import { STORE_ID, VARIABLE_NAME } from "./field-rules.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

const MAX_VALUE_BYTES = 32 * 1024;

/** Checks SetVariables. Throws FIELD_INVALID, never with a value in it: values are secrets. */
export function parseSetVariables(request: SetVariablesRequest): VariablesToSet {
  const variables = new Map(Object.entries(request.variables));
  const violations: Violation[] = [];
  if (variables.size > MAX_VARIABLES) violations.push(tooMany("variables", variables.size));
  for (const [name, value] of variables) {
    parseText(name, VARIABLE_NAME, "variables", violations);
    const problem = valueProblem(value);
    if (problem !== undefined) violations.push({ field: `variables[${JSON.stringify(name)}]`, description: problem });
  }
  throwIfInvalid(violations);
  return { values: variables, isSecret: request.isSecret, allowed: request.mustBeNew ? "only new" : "any" };
}

/** Checks UpdateVariable. Throws FIELD_INVALID, never with the value in it. */
export function parseUpdateVariable(request: UpdateVariableRequest): VariablesToSet {
  const violations: Violation[] = [];
  const name = parseText(request.name, VARIABLE_NAME, "name", violations);
  const problem = valueProblem(request.value);
  if (problem !== undefined) violations.push({ field: "value", description: problem });
  throwIfInvalid(violations);
  return { values: new Map([[name, request.value]]), isSecret: request.isSecret, allowed: "only existing" };
}

/** Checks GetVariable. Throws FIELD_INVALID. */
export function parseGetVariable(request: GetVariableRequest): { name: string } {
  const violations: Violation[] = [];
  const name = parseText(request.name, VARIABLE_NAME, "name", violations);
  throwIfInvalid(violations);
  return { name };
}

/** Checks DeleteVariables. Throws FIELD_INVALID. A name that nothing can have is a mistake too, not a variable to be passed over. */
export function parseDeleteVariables(request: DeleteVariablesRequest): readonly string[] {
  const violations: Violation[] = [];
  if (request.names.length > MAX_VARIABLES) violations.push(tooMany("names", request.names.length));
  else {
    for (const [index, name] of request.names.entries()) parseText(name, VARIABLE_NAME, `names[${index}]`, violations);
  }
  throwIfInvalid(violations);
  return request.names;
}

/** Checks GetVariables. Throws FIELD_INVALID. */
export function parseGetVariables(request: GetVariablesRequest): { environmentId: string } {
  const violations: Violation[] = [];
  const environmentId = parseText(request.environmentId, STORE_ID, "environment_id", violations);
  throwIfInvalid(violations);
  return { environmentId };
}

function tooMany(field: string, count: number): Violation {
  return { field, description: `must have at most ${MAX_VARIABLES} items; it has ${count}.` };
}

function valueProblem(value: string): string | undefined {
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) return `must be at most ${MAX_VALUE_BYTES} bytes (32 KB); it has ${bytes}.`;
  // Neither a process' environment nor PostgreSQL can hold one.
  return value.includes("\0") ? "must have no NUL character." : undefined;
}
