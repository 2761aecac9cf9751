import { LeaseService, QueueStateService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { choosePrivatePort, repositoryDirectory } from "@windlass/local";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { waitFor } from "../kit/wait-for.ts";
import { readUsage } from "./process-usage.ts";
import { startQueuedStore } from "./queued-store.ts";
import type { Figure } from "./report.ts";

type Channel = ReturnType<typeof createChannel>;

const RUNS = 1_000_000;
const KEYS = 10_000;
/** Every key may have 100 at once, and has 100 runs: all of them can go, each with its limit in force. */
const DISPATCHED = 200_000;
const SHARDS = 8;
const CREDITS = 4_000;
const START_LIMIT_MS = 120_000;

/** A real queue service beside a store that only makes up queued runs: what a million of them in ten thousand keys cost. */
export async function measureQueueService(): Promise<Figure[]> {
  const internalToken = randomUUID();
  const store = await startQueuedStore({ runs: RUNS, keys: KEYS }, internalToken);
  const listen = `127.0.0.1:${await choosePrivatePort(new Set())}`;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [path.join(repositoryDirectory, "services/queue/src/main.ts")], {
    env: {
      ...process.env,
      WINDLASS_LISTEN: listen,
      WINDLASS_RUN_STORE_ADDRESS: store.address,
      WINDLASS_INTERNAL_TOKEN: internalToken,
      WINDLASS_LOG_LEVEL: "warn",
      WINDLASS_EXIT_WITH_PARENT: "1",
    },
    stdio: ["pipe", "inherit", "inherit"],
  });
  const exited = once(child, "exit");
  const channel = createChannel(listen, { token: internalToken });
  try {
    const pid = child.pid ?? 0;
    await waitFor("every shard to be told", () => store.toldShards === SHARDS, START_LIMIT_MS);
    await waitFor("every run to be known", async () => (await depthOf(channel, store)) === RUNS, START_LIMIT_MS);
    const listedS = (performance.now() - startedAt) / 1_000;
    const listedMb = readUsage(pid)?.rssMb ?? Number.NaN;
    const before = readUsage(pid)?.cpuMs ?? Number.NaN;
    const tookMs = await lease(channel, DISPATCHED);
    const cpuMs = (readUsage(pid)?.cpuMs ?? Number.NaN) - before;
    return [
      {
        key: "queue_memory_peak_mb",
        label: "queue service, 1,000,000 runs in 10,000 keys: peak memory",
        value: peakMb(pid),
        unit: "MB",
        target: { atMost: 1_000 },
      },
      { key: "queue_memory_mb", label: "... memory once they are listed", value: listedMb, unit: "MB" },
      {
        key: "queue_start_s",
        label: "... from its start until it knows all of them",
        value: listedS,
        unit: "s",
        target: { atMost: 30 },
      },
      {
        key: "queue_run_cpu_us",
        label: "... CPU for a run: picked within its limits, claimed and pushed",
        value: (cpuMs / DISPATCHED) * 1_000,
        unit: "us",
        target: { atMost: 20 },
      },
      {
        key: "queue_runs_per_s",
        label: "... runs pushed",
        value: DISPATCHED / (tookMs / 1_000),
        unit: "runs/s",
      },
    ];
  } finally {
    channel.close();
    child.kill("SIGKILL");
    await exited;
    await store.stop();
  }
}

/** How many runs the service says wait; 0 while it does not answer yet. */
async function depthOf(channel: Channel, store: { environmentIds: readonly string[]; queue: string }): Promise<number> {
  const client = createClient(QueueStateService, channel);
  const depths = store.environmentIds.map(async (environmentId) => {
    const { states } = await client.describeQueues({ environmentId, queues: [store.queue] });
    return Number(states[0]?.depth ?? 0n);
  });
  try {
    return (await Promise.all(depths)).reduce((sum, depth) => sum + depth, 0);
  } catch {
    return 0; // not yet the owner of all of them
  }
}

/** Takes so many leases as a supervisor that has always some credits left; gives the milliseconds. */
async function lease(channel: Channel, count: number): Promise<number> {
  const call = createClient(LeaseService, channel).leaseRuns();
  const startedAt = performance.now();
  let granted = CREDITS;
  let taken = 0;
  call.send({ supervisorId: "sup_bench", credits: CREDITS });
  for await (const { leases } of call.responses) {
    taken += leases.length;
    if (taken >= count) break;
    const credits = Math.min(leases.length, count - granted);
    if (credits > 0) call.send({ credits });
    granted += credits;
  }
  call.cancel();
  return performance.now() - startedAt;
}

/** The most that the process ever had resident. Linux only. */
function peakMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+)/mu.exec(status)?.[1] ?? Number.NaN) / 1_024;
}
