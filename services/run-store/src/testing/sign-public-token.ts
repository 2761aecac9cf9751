import { createHash, createHmac } from "node:crypto";
import { hashSecret, slugOfApiKey } from "../auth/api-key.ts";
import type { PublicTokenPayload } from "../auth/public-token.ts";

/** Makes a public access token as a client does that has the key; `changes` make it another than a client would make. */
export function signPublicToken(
  apiKey: string,
  runIds: readonly string[],
  { expireTime = Math.floor(Date.now() / 1_000) + 3_600, ...changes }: Partial<PublicTokenPayload> = {},
): string {
  const fingerprint = createHash("sha256").update(hashSecret(apiKey)).digest().subarray(0, 12);
  return signPayload(apiKey, {
    environment: slugOfApiKey(apiKey),
    key: fingerprint.toString("base64url"),
    scopes: { read: { runs: runIds } },
    expireTime,
    ...changes,
  });
}

/** Signs anything. */
export function signPayload(apiKey: string, payload: unknown): string {
  const signed = `wlp_${Buffer.from(JSON.stringify(payload)).toString("base64url")}`;
  return `${signed}.${createHmac("sha256", hashSecret(apiKey)).update(signed).digest("base64url")}`;
}
