import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { isErrorWithCode } from "./process-identity.ts";

const secretsSchema = z.strictObject({
  /** What services show each other. */
  internalToken: z.string().min(16),
  /** What makes environments. */
  adminToken: z.string().min(16),
  /** The development environment's API key. */
  apiKey: z.string().regex(/^wl_dev_[0-9a-f]{32}$/u),
  /** What environment variables are encrypted with; files of clusters that had no encryption lack it. */
  secretsKey: z.base64().default(createSecretsKey),
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
  return {
    internalToken: token(),
    adminToken: token(),
    apiKey: `wl_dev_${randomBytes(16).toString("hex")}`,
    secretsKey: createSecretsKey(),
  };
}

function createSecretsKey(): string {
  return randomBytes(32).toString("base64");
}

function createSecrets(file: string): Secrets {
  const secrets = generateSecrets();
  const draft = writeDraft(file, secrets);
  linkSync(draft, file); // complete or not there, also after a crash
  rmSync(draft);
  return secrets;
}

function writeDraft(file: string, secrets: Secrets): string {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return draft;
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
    const kept: unknown = JSON.parse(text);
    const secrets = secretsSchema.parse(kept);
    if (!("secretsKey" in (kept as object))) renameSync(writeDraft(file, secrets), file);
    return secrets;
  } catch (error) {
    throw new Error(
      `${file} is damaged; delete it and new credentials are made (environment variables that are set cannot be read any more then)`,
      { cause: error },
    );
  }
}
