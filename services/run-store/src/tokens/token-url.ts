import { createHash, timingSafeEqual } from "node:crypto";

/** The path of a token's url, by which a POST completes it. */
export const TOKEN_PATH = /^\/v1\/tokens\/([A-Za-z0-9_-]{1,64})\/complete$/;
/** The query parameter that holds the secret. */
export const SECRET_PARAMETER = "secret";

/** What follows the cluster's address in a token's url. */
export function tokenPath(tokenId: string, secret: string): string {
  return `/v1/tokens/${tokenId}/complete?${SECRET_PARAMETER}=${encodeURIComponent(secret)}`;
}

/** The environment that a token's secret names, or undefined when the text is no secret of ours at all. */
export function environmentOfSecret(secret: string): string | undefined {
  return /^([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{32}$/.exec(secret)?.[1];
}

/** Whether a secret has this SHA-256, told in a time that says nothing about how much of it is right. */
export function isSecret(secret: string, hash: Uint8Array): boolean {
  return timingSafeEqual(createHash("sha256").update(secret).digest(), hash);
}
