import { deploy } from "@windlass/sdk/build";
import { configure } from "@windlass/sdk";
import {
  type Cluster,
  type Secrets,
  type ServiceName,
  createCluster,
  generateSecrets,
  localPaths,
} from "@windlass/local";
import { createScratchDirectory } from "../kit/scratch-directory.ts";
import { type Usage, descendants, readUsage } from "./process-usage.ts";

/** A cluster of its own for the bench, with the bench's tasks deployed and the SDK of this process pointed at it. */
export interface BenchCluster {
  readonly cluster: Cluster;
  readonly secrets: Secrets;
  /** The first instance of a service. */
  service(name: ServiceName): Cluster["services"][number];
  /** What every process has used so far, by a name that says what it is. Workers and PostgreSQL's backends are summed under one name each. */
  usage(): Map<string, Usage>;
  stop(): Promise<void>;
}

const NOTHING: Usage = { cpuMs: 0, endedChildrenCpuMs: 0, pssMb: 0, rssMb: 0 };

/** Starts it. `env` is given to every service. */
export async function startBenchCluster(env: Record<string, string> = {}): Promise<BenchCluster> {
  const scratch = createScratchDirectory();
  const secrets = generateSecrets();
  const cluster = await createCluster({ paths: localPaths(scratch.path), secrets, ports: "private", env });
  try {
    await cluster.start();
    configure({ url: cluster.address, apiKey: secrets.apiKey });
    await deploy(new URL("tasks", import.meta.url).pathname);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return {
    cluster,
    secrets,
    service(name) {
      const member = cluster.services.find(({ service }) => service === name);
      if (!member) throw new Error(`the bench cluster has no ${name}`);
      return member;
    },
    usage() {
      const byName = new Map<string, Usage>();
      const add = (name: string, pid: number) => {
        const usage = readUsage(pid);
        if (usage) addUsage(name, usage);
      };
      const addUsage = (name: string, usage: Usage) => {
        const sum = byName.get(name) ?? NOTHING;
        byName.set(name, {
          cpuMs: sum.cpuMs + usage.cpuMs,
          endedChildrenCpuMs: sum.endedChildrenCpuMs + usage.endedChildrenCpuMs,
          pssMb: sum.pssMb + usage.pssMb,
          rssMb: sum.rssMb + usage.rssMb,
        });
      };
      for (const member of [cluster.postgres, cluster.nats, ...cluster.services]) {
        if (!member.process) continue;
        add(member.name, member.process.pid);
        const below = member.name === "supervisor" ? "workers" : member.name;
        for (const pid of descendants(member.process.pid)) add(below, pid);
        // Workers are replaced after so many runs: what the former ones used is in their parent's account.
        const ended = byName.get(member.name)?.endedChildrenCpuMs ?? 0;
        if (below === "workers") addUsage(below, { ...NOTHING, cpuMs: ended });
      }
      return byName;
    },
    async stop() {
      await cluster.stop();
      scratch.remove();
    },
  };
}

/** CPU milliseconds that each process used between two readings. */
export function cpuBetween(before: Map<string, Usage>, after: Map<string, Usage>): Map<string, number> {
  return new Map([...after].map(([name, usage]) => [name, usage.cpuMs - (before.get(name)?.cpuMs ?? 0)]));
}
