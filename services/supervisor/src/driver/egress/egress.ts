import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Clock, Logger } from "@windlass/chassis";
import { RuntimeUnavailable } from "../oci/oci-runtime.ts";
import { noNetwork, type WorkerNetwork } from "../oci/worker-network.ts";
import type { EgressMode, EgressSettings } from "./egress-settings.ts";
import { alwaysDenied, createEgressRules, type EgressPolicy } from "./egress-rules.ts";
import { type EgressTarget, egressTargetOfPeer, isCovered, parseEgressTarget } from "./egress-target.ts";
import { type EgressTools, findEgressTools, type MissingTools } from "./egress-tools.ts";
import { createNameBook, type Lookup } from "./name-book.ts";
import { createHostsFile, createResolvConf } from "./name-files.ts";
import { networkCommand, type ReplacedFile, rulesFile } from "./network-command.ts";

export interface EgressOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lookup?: Lookup;
  readonly findTools?: () => Promise<EgressTools | MissingTools>;
  /** The machine's own IPv4 addresses; they may change while it runs. */
  readonly ownAddresses?: () => readonly string[];
}

/**
 * The network of sandboxed workers: each has a network namespace of its own, with rules that it cannot change, and
 * slirp4netns forwards what they let through. What the machine lacks for it, and what of the settings cannot be had, shows
 * when the first network is made, which is at start (probe.ts): RuntimeUnavailable.
 */
export function createWorkerNetwork(settings: EgressSettings, options: EgressOptions): WorkerNetwork {
  const { mode } = settings;
  if (mode === "none") return noNetwork;
  let opening: Promise<OpenEgress> | undefined;
  return {
    namespace: "inherited",
    async wrap(runtime, { workDir }) {
      opening ??= openEgress(mode, settings, options);
      const { tools, policy, files } = await opening.catch((error: unknown) => {
        opening = undefined;
        throw new RuntimeUnavailable(`WINDLASS_EGRESS=${mode} cannot be had here: ${(error as Error).message}`);
      });
      const folder = join(workDir, "network");
      await mkdir(folder, { mode: 0o700 });
      const replaced: ReplacedFile[] = [];
      for (const [target, content] of files()) {
        const source = join(folder, `file-${replaced.length}`);
        await writeFile(source, content, { mode: 0o444 });
        replaced.push({ source, target });
      }
      await writeFile(join(folder, rulesFile), createEgressRules(policy()));
      return networkCommand({ tools, folder, asksForNames: mode === "open", replaced, runtime });
    },
  };
}

interface OpenEgress {
  readonly tools: EgressTools;
  /** As it is for a worker that starts now. */
  readonly policy: () => EgressPolicy;
  /** What a worker that starts now has in place of files of the machine, by their paths. */
  readonly files: () => ReadonlyMap<string, string>;
}

async function openEgress(
  mode: Exclude<EgressMode, "none">,
  settings: EgressSettings,
  { clock, logger, lookup, findTools = findEgressTools, ownAddresses = addressesOfMachine }: EgressOptions,
): Promise<OpenEgress> {
  const tools = await findTools();
  if ("missing" in tools) throw new Error(`${tools.missing.join(", ")}; WINDLASS_EGRESS=none needs nothing of it`);
  const books = { clock, logger, ...(lookup === undefined ? {} : { lookup }) };
  const peers = settings.controlPlane.map(egressTargetOfPeer).filter((target) => target !== undefined);
  const deny = sortTargets([...peers, ...settings.deny.map(parseEgressTarget)]);
  const allow = sortTargets(settings.allow.map(parseEgressTarget));
  const denied = createNameBook({ names: deny.names, keepsFormer: true, ...books });
  const allowed = createNameBook({ names: allow.names, keepsFormer: false, ...books });
  await Promise.all([denied.open(), allowed.open()]);

  const deniedNow = () => [...deny.networks, ...networksIn(denied.current()), ...ownAddresses().map(networkOf)];
  for (const [entry, networks] of [
    ...allow.networks.map((network) => [network, [network]] as const),
    ...[...allowed.current()].map(([name, addresses]) => [name, addresses.map(networkOf)] as const),
  ]) {
    const never = [...alwaysDenied, ...deniedNow()];
    if (networks.every((network) => isCovered(network, never))) {
      throw new Error(
        `WINDLASS_EGRESS_ALLOW has ${entry}, which is always denied (this machine, control plane, link-local)`,
      );
    }
  }
  const names = await findNameFiles();
  logger.info("sandboxed workers have a network", { egress: mode, denied: deniedNow().length });
  return {
    tools,
    policy: () => ({
      denied: deniedNow(),
      allowed: mode === "open" ? "any" : [...allow.networks, ...networksIn(allowed.current())],
    }),
    files() {
      const files = new Map<string, string>();
      if (names.resolvConf !== undefined) files.set(names.resolvConf.path, createResolvConf(names.resolvConf.content));
      if (mode === "allowlist" && names.hostsPath !== undefined) {
        files.set(names.hostsPath, createHostsFile(allowed.current()));
      }
      return files;
    },
  };
}

function sortTargets(targets: readonly EgressTarget[]): { networks: string[]; names: string[] } {
  const networks = targets.flatMap((target) => (target.kind === "network" ? [target.network] : []));
  const names = targets.flatMap((target) => (target.kind === "name" ? [target.name] : []));
  return { networks, names: [...new Set(names)] };
}

const networkOf = (address: string) => `${address}/32`;

function networksIn(addressesByName: ReadonlyMap<string, readonly string[]>): string[] {
  return [...addressesByName.values()].flat().map(networkOf);
}

function addressesOfMachine(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, address }) => (family === "IPv4" ? [address] : []));
}

/** The files that say how names are resolved, where they really are. A machine may have neither. */
async function findNameFiles() {
  const hostsPath = await realpath("/etc/hosts").catch(() => undefined);
  const path = await realpath("/etc/resolv.conf").catch(() => undefined);
  if (path === undefined) return { hostsPath, resolvConf: undefined };
  return { hostsPath, resolvConf: { path, content: await readFile(path, "utf8") } };
}
