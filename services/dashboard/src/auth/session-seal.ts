import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Clock } from "@windlass/chassis";
import { z } from "zod";

/** Who is signed in: nothing but a credential and how long it is good for. */
export interface Session {
  /** Unique; what a sign-out names. */
  readonly id: string;
  readonly apiKey: string;
  /** On the wall clock. */
  readonly expiryMs: number;
}

/** Turns sessions into texts that only this cluster's dashboards can read, and back. */
export interface SessionSeal {
  /** Tells this cluster's seal from others', and nothing of what it is made from: 8 hex digits. */
  readonly id: string;
  /** A new session with this key, from now. */
  seal(apiKey: string): string;
  /** Undefined when the text is not one of ours, was changed, or has expired. */
  open(sealed: string): Session | undefined;
}

/** A working day; whoever comes back within the second half of it gets another. */
export const SESSION_LIFETIME_MS = 12 * 3_600_000;

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** A cookie holds 4 KB. */
const MAX_SEALED_CHARS = 4_000;

const sessionSchema = z.object({ id: z.string(), apiKey: z.string(), expiryMs: z.number() });

/**
 * Seals with a key made from the cluster's own secret. So the service holds no session: another replica, or this one after a restart, knows them all,
 * and who reads the browser's cookies does not learn the API key.
 */
export function createSessionSeal({ secret, clock }: { secret: string; clock: Pick<Clock, "nowMs"> }): SessionSeal {
  const derive = (use: string, bytes: number): Buffer => Buffer.from(hkdfSync("sha256", secret, "", use, bytes));
  const key = derive("windlass dashboard session", 32);
  return {
    id: derive("windlass dashboard session name", 4).toString("hex"),
    seal(apiKey) {
      const session: Session = {
        id: randomBytes(16).toString("base64url"),
        apiKey,
        expiryMs: clock.nowMs() + SESSION_LIFETIME_MS,
      };
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv);
      const body = Buffer.concat([cipher.update(JSON.stringify(session), "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
    },
    open(sealed) {
      const session = decrypt(sealed, key);
      return session !== undefined && session.expiryMs > clock.nowMs() ? session : undefined;
    },
  };
}

function decrypt(sealed: string, key: Buffer): Session | undefined {
  if (sealed.length > MAX_SEALED_CHARS) return undefined;
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return sessionSchema.parse(JSON.parse(text.toString("utf8")));
  } catch {
    return undefined; // sealed with another secret, or changed on its way
  }
}
