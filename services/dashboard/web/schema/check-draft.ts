import { type PayloadChecker, type PayloadCheck } from "./check-payload.ts";
import { isDemanding, type PayloadSchema } from "./payload-schema.ts";
import { payloadValue } from "./payload-value.ts";

/** Larger ones are not checked while somebody types. */
const MAX_CHARS = 1_000_000;

/** What is known of a payload as it is being written: nothing for what is no JSON yet, or too large. An empty text is no payload. */
export function checkDraft(
  { schema, check }: { readonly schema: PayloadSchema; readonly check: PayloadChecker },
  { text, contentType }: { readonly text: string; readonly contentType: string },
): PayloadCheck | undefined {
  if (text.trim() === "")
    return { problems: isDemanding(schema) ? [{ path: [], message: "is missing, and the schema describes one" }] : [] };
  const given = text.length > MAX_CHARS ? undefined : payloadValue(text, contentType);
  return given === undefined ? undefined : check(given.value);
}
