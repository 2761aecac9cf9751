import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { isErrorWithCode } from "./process-identity.ts";

const secretsSchema = z.strictObject({
  /** What services show each other. */
  internalToken: z.string().min(16),
  /** What makes environments. */
  adminToken: z.string().min(16),
  /** The development environment's API key. */
  apiKey: z.string().regex(/^wl_dev_[0-9a-f]{32}$/u),
});

/** The credentials of one local cluster. */
export type Secrets = z.infer<typeof secretsSchema>;

/**
 * Reads a cluster's credentials, or makes them once and keeps them, readable by their owner alone.
 * @throws when the file is not what this function wrote; the message names it.
 */
export function loadSecrets(file: string): Secrets {
  return readSecrets(file) ?? createSecrets(file);
}

/** Fresh credentials. */
export function generateSecrets(): Secrets {
  const token = (): string => randomBytes(24).toString("base64url");
  return { internalToken: token(), adminToken: token(), apiKey: `wl_dev_${randomBytes(16).toString("hex")}` };
}

function createSecrets(file: string): Secrets {
  const secrets = generateSecrets();
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  linkSync(draft, file); // complete or not there, also after a crash
  rmSync(draft);
  return secrets;
}

function readSecrets(file: string): Secrets | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (isErrorWithCode(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} is damaged; delete it and new credentials are made`, { cause: error });
  }
}
