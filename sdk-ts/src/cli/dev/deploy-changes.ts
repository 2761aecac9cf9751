import { realpath } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Deployment } from "@windlass/proto";
import { bundle } from "../../build/bundle.ts";
import { deployBundle } from "../../build/deploy.ts";
import { configured } from "../../client/client-config.ts";
import { getCurrentDeployment } from "../api/deployments.ts";
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
  /** What the author should know of a version that is deployed all the same. */
  onRemark(remark: string): void;
}

/** What deploying needs beside the folder. */
export interface DeployChangesOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly listener: DeployListener;
}

/**
 * Deploys the folder, and again whenever something changes that its tasks are made of, until the signal aborts: the folder, a config in the folder above, the
 * folders that the config names. One version at a time, so none overtakes another.
 */
export async function deployChanges(folder: string, options: DeployChangesOptions): Promise<void> {
  const root = await realpath(folder);
  const changes = folderChanges(root, options.signal);
  let deployed: Deployment | undefined;
  for await (const _ of changes) {
    deployed = (await deployOnce(root, deployed, { ...options, onFolders: changes.include })) ?? deployed;
  }
}

/**
 * Returns what is current now; undefined when nothing was deployed. What is bundled to the same bytes as before is neither loaded nor uploaded, unless another
 * version has become current meanwhile. Waits for a cluster that is away.
 */
async function deployOnce(
  folder: string,
  former: Deployment | undefined,
  {
    env,
    signal,
    listener,
    onFolders,
  }: DeployChangesOptions & { readonly onFolders: (folders: readonly string[]) => void },
): Promise<Deployment | undefined> {
  for (let isFirstTry = true; !signal.aborted; isFirstTry = false) {
    const beganMs = performance.now();
    try {
      const config = { ...configured.config, timeoutMs: isFirstTry ? UPLOAD_TIMEOUT_MS : AWAY_RETRY_MS };
      const built = await bundle(folder, onFolders);
      const isSame = built.hash === former?.bundleHash && (await getCurrentDeployment())?.version === former.version;
      const deployment = isSame
        ? former
        : await deployBundle(built, config, { env, signal, onRemark: (remark) => listener.onRemark(remark) });
      if (deployment.version === former?.version) listener.onUnchanged(former.version);
      else listener.onVersion(deployment, performance.now() - beganMs);
      return deployment;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isFirstTry) listener.onFailure(error);
      if (exitCodeOf(error) !== EXIT.unreachable) return undefined;
    }
    await delay(AWAY_RETRY_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}
