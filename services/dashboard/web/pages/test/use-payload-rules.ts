import type { TaskDefinition } from "@windlass/proto";
import { useMemo } from "react";
import { createPayloadChecker, type PayloadChecker } from "../../schema/check-payload.ts";
import { examplePayload } from "../../schema/example-payload.ts";
import { type PayloadSchema, payloadSchemaOf } from "../../schema/payload-schema.ts";

/** What a task says of its payloads, ready for use. */
export interface PayloadRules {
  readonly schema: PayloadSchema;
  readonly check: PayloadChecker;
  /** A payload to begin with, as JSON text. */
  readonly example: () => string;
}

/** The rules of a task's payloads; undefined when it tells none. */
export function usePayloadRules({ payloadSchemaJson }: TaskDefinition): PayloadRules | undefined {
  return useMemo(() => {
    const schema = payloadSchemaOf({ payloadSchemaJson });
    if (schema === undefined) return undefined;
    return { schema, check: createPayloadChecker(schema), example: () => examplePayload(schema, Date.now()) };
  }, [payloadSchemaJson]);
}
