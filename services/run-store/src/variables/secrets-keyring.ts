import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

/** Something sealed, and which key opens it. */
export interface Sealed {
  readonly keyId: string;
  readonly sealed: Buffer;
}

/** The keys that variables are encrypted with. Nothing it throws or tells has a key or a value in it. */
export interface SecretsKeyring {
  /** Of the key that seals. */
  readonly currentKeyId: string;
  readonly keyIds: ReadonlySet<string>;
  /** Encrypts with the current key. `context` is what it belongs to: it opens with the same context only. */
  seal(value: string, context: string): Sealed;
  /** Throws when there is no such key, or when the bytes are not what was sealed for this context. */
  open(sealed: Sealed, context: string): string;
}

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARS = 16;

/**
 * A keyring of base64 texts, as in WINDLASS_SECRETS_KEYS: the first seals, all open. A key's id is made of the key itself, so
 * that it can be neither forgotten nor mixed up. A nonce is random; at 2^32 values of one key that would not be safe any more.
 * Throws for what is no key of 256 bits, or is there twice; the message tells the place in the list, not the text.
 */
export function createSecretsKeyring(keys: readonly string[]): SecretsKeyring {
  const byId = new Map<string, Buffer>();
  for (const [index, text] of keys.entries()) {
    const key = Buffer.from(text, "base64");
    const isBase64 = /^[A-Za-z0-9+/]{43}=?$/u.test(text);
    if (!isBase64 || key.byteLength !== KEY_BYTES)
      throw new Error(`key ${index + 1} is not base64 of ${KEY_BYTES} bytes (make one with: openssl rand -base64 32)`);
    const id = keyIdOf(key);
    if (byId.has(id)) throw new Error(`key ${index + 1} is there twice`);
    byId.set(id, key);
  }
  const [current] = byId;
  if (current === undefined) throw new Error("there must be at least one key");
  const [currentKeyId, currentKey] = current;

  return {
    currentKeyId,
    keyIds: new Set(byId.keys()),
    seal(value, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, currentKey, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { keyId: currentKeyId, sealed };
    },
    open({ keyId, sealed }, context) {
      const key = byId.get(keyId);
      if (key === undefined) throw new Error(`no key ${keyId} is configured`);
      try {
        return decrypt(key, sealed, context);
      } catch (cause) {
        throw new Error("what is stored was sealed for something else, or was changed", { cause });
      }
    },
  };
}

function decrypt(key: Buffer, sealed: Buffer, context: string): string {
  const tagStart = Math.max(sealed.byteLength - TAG_BYTES, NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(tagStart));
  return decipher.update(sealed.subarray(NONCE_BYTES, tagStart), undefined, "utf8") + decipher.final("utf8");
}

function keyIdOf(key: Buffer): string {
  return createHmac("sha256", key).update("windlass secrets key id").digest("hex").slice(0, KEY_ID_CHARS);
}
