import { type RunError, type RunErrorCode, RunErrorCodeSchema } from "@windlass/proto";
import { enumName } from "./enum-name.ts";
import { present } from "./present.ts";

/** What kind of failure ended an attempt, in the words of windlass.v1.RunErrorCode. */
export type RunErrorCodeName = Exclude<keyof typeof RunErrorCode, "UNSPECIFIED">;

/** A stored error. */
export interface RunErrorDetails {
  readonly code: RunErrorCodeName;
  readonly name: string;
  readonly message: string;
  /** The frames, one a line; empty when there were none. */
  readonly stack: string;
  readonly causes: readonly RunErrorDetails[];
  /** Own fields of the error beside the usual ones. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hint?: string;
}

export function errorFromProto(error: RunError | undefined): RunErrorDetails | undefined {
  if (error === undefined) return undefined;
  const { name, message, stack, causes, fieldsJson, hint } = error;
  return {
    code: enumName(RunErrorCodeSchema, error.code) as RunErrorCodeName,
    name,
    message,
    stack,
    causes: causes.flatMap((cause) => errorFromProto(cause) ?? []),
    fields: fieldsJson === "" ? {} : (JSON.parse(fieldsJson) as Record<string, unknown>),
    ...present({ hint: hint || undefined }),
  };
}
