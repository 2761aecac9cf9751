import { tasks } from "@windlass/sdk";
import type { BenchCluster } from "./bench-cluster.ts";
import { type ProbeSupervisor, startProbeSupervisor } from "./probe-supervisor.ts";
import { median } from "./stats.ts";
import type { noOp } from "./tasks/no-op.ts";

const SHALLOW = 500;
const DEEP = 100_000;
const SAMPLES = 300;

/** What a long queue costs. */
export interface BacklogFigures {
  /** Claim latency (credit granted to lease received) with 100,000 runs waiting, over the same with 500. */
  readonly claimRatio: number;
  readonly shallowClaimMs: number;
  readonly deepClaimMs: number;
  /** From starting a queue service with 100,000 runs waiting to the first lease it pushes, seconds. */
  readonly restartS: number;
}

async function triggerMany(count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1000) {
    await Promise.all(
      Array.from({ length: Math.min(1000, count - sent) }, () => tasks.trigger<typeof noOp>("bench-no-op", {})),
    );
  }
}

async function claimLatencyMs(probe: ProbeSupervisor): Promise<number> {
  const taken = [];
  for (let i = 0; i < SAMPLES; i++) taken.push(await probe.take());
  await probe.release(taken.map(({ lease }) => lease));
  return median(taken.map(({ ms }) => ms));
}

/** Measures with the cluster's own supervisor stopped, so that nothing else takes runs. Leaves its backlog behind. */
export async function measureBacklog(bench: BenchCluster): Promise<BacklogFigures> {
  const addresses = {
    runStore: bench.cluster.address,
    queue: bench.service("queue").address,
    internalToken: bench.secrets.internalToken,
  };
  await bench.service("supervisor").stop();

  await triggerMany(SHALLOW);
  const probe = await startProbeSupervisor(addresses);
  const shallowClaimMs = await claimLatencyMs(probe);
  await triggerMany(DEEP - SHALLOW);
  const deepClaimMs = await claimLatencyMs(probe);
  await probe.close();

  const queue = bench.service("queue");
  queue.process?.signal("SIGKILL");
  await queue.process?.exited;
  const startedAt = performance.now();
  await queue.start();
  const next = await startProbeSupervisor(addresses);
  await next.take();
  const restartS = (performance.now() - startedAt) / 1000;
  await next.close();

  return { claimRatio: deepClaimMs / shallowClaimMs, shallowClaimMs, deepClaimMs, restartS };
}
