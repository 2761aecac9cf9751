import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** What a public access token looks like: "wlp_", base64url of a JSON payload, ".", base64url of an HMAC-SHA256 over all before the dot. */
const PREFIX = "wlp_";
/** A token names at most 100 runs, and fits into a call's headers beside all else. */
const MAX_RUNS = 100;
const MAX_CHARACTERS = 8_192;

const payloadSchema = z.strictObject({
  /** The slug of the environment. */
  environment: z.string().regex(/^[a-z0-9-]{1,64}$/),
  /** Which key has signed: the first 12 bytes of the SHA-256 of what is stored of it, in base64url. */
  key: z.string().regex(/^[\w-]{16}$/),
  scopes: z.strictObject({
    read: z.strictObject({ runs: z.array(z.string().min(1).max(256)).min(1).max(MAX_RUNS) }),
  }),
  /** In seconds since 1970. */
  expireTime: z.int().positive().max(8_640_000_000_000),
});

/** What a token says of itself; true only once its signature is. */
export type PublicTokenPayload = z.infer<typeof payloadSchema>;

/** A token taken apart. */
export interface ParsedPublicToken {
  readonly payload: PublicTokenPayload;
  readonly signed: string;
  readonly signature: string;
}

/** Whether the text means to be a public access token. */
export function isPublicToken(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** Takes a token apart; undefined when that cannot be done. */
export function parsePublicToken(token: string): ParsedPublicToken | undefined {
  if (token.length > MAX_CHARACTERS) return undefined;
  const [signed = "", signature, ...rest] = token.split(".");
  if (signature === undefined || rest.length > 0) return undefined;
  const { data: payload } = payloadSchema.safeParse(parseJson(Buffer.from(signed.slice(PREFIX.length), "base64url")));
  return payload && { payload, signed, signature };
}

/** Whether a key has signed the token, told in a time that says nothing about how much of it is right. */
export function isSignedWith({ signed, signature }: ParsedPublicToken, keyHash: Buffer): boolean {
  const expected = Buffer.from(createHmac("sha256", keyHash).update(signed).digest("base64url"));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined; // Which is no payload either.
  }
}
