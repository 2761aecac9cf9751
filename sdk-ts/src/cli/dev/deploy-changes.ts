import { setTimeout as delay } from "node:timers/promises";
import type { Deployment } from "@windlass/proto";
import { deploy } from "../../build/deploy.ts";
import { configured } from "../../client/client-config.ts";
import { UPLOAD_TIMEOUT_MS } from "../commands/deploy.ts";
import { EXIT, exitCodeOf } from "../exit-code.ts";
import { folderChanges } from "./folder-changes.ts";

/** A cluster that is away is asked again this often. */
const AWAY_RETRY_MS = 2_000;

/** Who is told what became of the folder's changes. */
export interface DeployListener {
  onVersion(deployment: Deployment, tookMs: number): void;
  /** The folder is as the current version has it. */
  onUnchanged(version: string): void;
  /** Nothing was deployed; the former version stays current. Said once for a cluster that is away. */
  onFailure(error: unknown): void;
}

/** What deploying needs beside the folder. */
export interface DeployChangesOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly listener: DeployListener;
}

/** Deploys the folder, and again whenever it changes, until the signal aborts. One version at a time, so none overtakes another. */
export async function deployChanges(folder: string, options: DeployChangesOptions): Promise<void> {
  let version: string | undefined;
  for await (const _ of folderChanges(folder, options.signal)) {
    version = (await deployOnce(folder, version, options)) ?? version;
  }
}

/** Returns the version that is current now; undefined when nothing was deployed. Waits for a cluster that is away. */
async function deployOnce(
  folder: string,
  former: string | undefined,
  { env, signal, listener }: DeployChangesOptions,
): Promise<string | undefined> {
  for (let isFirstTry = true; !signal.aborted; isFirstTry = false) {
    const beganMs = performance.now();
    try {
      const config = { ...configured.config, timeoutMs: isFirstTry ? UPLOAD_TIMEOUT_MS : AWAY_RETRY_MS };
      const deployment = await deploy(folder, config, { env, signal });
      if (deployment.version === former) listener.onUnchanged(former);
      else listener.onVersion(deployment, performance.now() - beganMs);
      return deployment.version;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isFirstTry) listener.onFailure(error);
      if (exitCodeOf(error) !== EXIT.unreachable) return undefined;
    }
    await delay(AWAY_RETRY_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}
