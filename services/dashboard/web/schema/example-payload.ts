import { createPayloadChecker } from "./check-payload.ts";
import { exampleValue } from "./example-value.ts";
import type { PayloadSchema } from "./payload-schema.ts";

/** A payload to begin with, as JSON text: with all fields, or with those alone that must be there if the schema likes that better. */
export function examplePayload(schema: PayloadSchema, nowMs: number): string {
  const check = createPayloadChecker(schema);
  const examples = [true, false].map((hasOptional) => {
    const value = exampleValue(schema, { hasOptional, nowMs });
    const told = check(value);
    return { value, problems: "problems" in told ? told.problems.length : Number.MAX_SAFE_INTEGER };
  });
  const [best] = examples.toSorted((one, other) => one.problems - other.problems);
  return JSON.stringify(best?.value, null, 2);
}
