import type { HttpRoute } from "@windlass/chassis";
import { type Content, TokenStatusSchema } from "@windlass/proto";
import { type CompleteTokenOptions, completeToken } from "../tokens/complete-token.ts";
import { findTokenBySecret } from "../tokens/find-token-by-secret.ts";
import { SECRET_PARAMETER, TOKEN_PATH } from "../tokens/token-url.ts";
import { MAX_PAYLOAD_BYTES } from "../validation/payload.ts";
import { parseCompletionBody } from "../validation/token-requests.ts";

/**
 * POST on a token's url: completes it with the JSON body, or with nothing when that is empty, and answers `{ "id", "status" }`. A token that has ended stays as it is, and
 * that is no failure. The secret is checked before a byte of the body is read.
 */
export function createCompleteTokenRoute(options: CompleteTokenOptions): HttpRoute {
  return {
    name: "POST /v1/tokens/{token}/complete",
    method: "POST",
    path: TOKEN_PATH,
    maxBodyBytes: MAX_PAYLOAD_BYTES,
    async handle({ params: [tokenId = ""], query, contentType, body }) {
      const ref = await findTokenBySecret(options.db, tokenId, query.get(SECRET_PARAMETER) ?? "");
      const content = parseCompletionBody(toContent(contentType, await body()));
      const { id, status } = await completeToken(options, ref, content);
      return { id, status: TokenStatusSchema.value[status]?.localName };
    },
  };
}

/** Whatever a caller's library calls its JSON, it is JSON or it is refused. */
function toContent(contentType: string, data: Uint8Array): Content | undefined {
  if (data.byteLength === 0) return undefined;
  const isSuperJson = contentType === "application/super+json";
  return { $typeName: "windlass.v1.Content", data, contentType: isSuperJson ? contentType : "application/json" };
}
