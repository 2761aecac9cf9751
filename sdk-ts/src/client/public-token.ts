import { createHash, createHmac } from "node:crypto";

/** What a token opens until it expires. */
export interface PublicTokenGrant {
  /** 1 to 100. */
  readonly runIds: readonly string[];
  /** In seconds since 1970. */
  readonly expireTime: number;
}

/** Longer ones the cluster does not take: a token is sent with every call. */
export const MAX_TOKEN_CHARACTERS = 8_192;

/** "wl_", the environment's slug, "_", 32 random characters. */
const API_KEY = /^wl_([a-z0-9-]{1,64})_[A-Za-z0-9]{32}$/;
const FINGERPRINT_BYTES = 12;

/** Makes public access tokens of one API key. */
export type TokenSigner = (grant: PublicTokenGrant) => string;

/**
 * Signs without asking the cluster: it knows the SHA-256 of each API key, and that is what tokens are signed with. Undefined when `apiKey` is none: neither a task's
 * own credential nor a public access token can make tokens. docs/public-tokens.md has the format.
 */
export function createTokenSigner(apiKey: string): TokenSigner | undefined {
  const environment = API_KEY.exec(apiKey)?.[1];
  if (environment === undefined) return undefined;
  return ({ runIds, expireTime }) => {
    const keyHash = sha256(apiKey);
    const payload = {
      environment,
      key: sha256(keyHash).subarray(0, FINGERPRINT_BYTES).toString("base64url"),
      scopes: { read: { runs: runIds } },
      expireTime,
    };
    const signed = `wlp_${Buffer.from(JSON.stringify(payload)).toString("base64url")}`;
    return `${signed}.${createHmac("sha256", keyHash).update(signed).digest("base64url")}`;
  };
}

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}
