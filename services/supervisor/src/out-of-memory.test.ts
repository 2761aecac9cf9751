import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { AttemptOutcome, RunErrorCode } from "@windlass/proto";
import { expect, it, onTestFinished } from "vitest";
import { readResidentBytes } from "./driver/resident-memory.ts";
import { cancelOf, execute, pidOf, timeline, tokenOf } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { eventually, isAlive } from "./testing/processes.ts";
import { startSupervisor } from "./testing/start-supervisor.ts";

const megabyte = 1024 * 1024;
const bundle = workerBundle();
const leaseOf = (taskId: string, machine: string) => makeLease({ taskId, machine, bundleHash: bundle.hash });

it("a task that allocates past its machine ends as out of memory with the limit and what was used, and its neighbour does not notice", async () => {
  const supervisor = await startSupervisor([bundle], { WINDLASS_WORKERS: "3", WINDLASS_HEARTBEAT_INTERVAL_MS: "100" });
  onTestFinished(() => supervisor.stop());
  const neighbour = leaseOf("hang-unacknowledged", "micro");
  supervisor.queue.offer(neighbour);
  const pid = await pidOf(supervisor, neighbour);

  const [first, second] = await Promise.all([
    execute(supervisor, leaseOf("buffers", "micro")),
    execute(supervisor, leaseOf("echo", "micro")),
  ]);
  expect(second.outcome).toBe(AttemptOutcome.SUCCEEDED);
  expect(first).toMatchObject({
    outcome: AttemptOutcome.CRASHED,
    error: { code: RunErrorCode.OUT_OF_MEMORY, message: expect.stringMatching(/micro, 256 MB.*ended at \d+ MB/) },
  });
  const { limitBytes, usedBytes } = JSON.parse(first.error?.fieldsJson ?? "") as Record<string, number>;
  expect(limitBytes).toBe(256 * megabyte);
  expect(usedBytes).toBeGreaterThan(256 * megabyte);

  expect(await isAlive(pid)).toBe(true);
  expect(timeline(supervisor, neighbour)).toEqual(["attemptStarted", `pid ${pid}`]);
  supervisor.store.answerHeartbeat = () => cancelOf(neighbour);
  await supervisor.store.until(() => timeline(supervisor, neighbour).includes("DELIVERED"));
  expect(supervisor.store.row(tokenOf(neighbour)).finish).toBeUndefined();
});

it.skipIf(process.platform !== "linux")("what a process has forked counts as its memory", async () => {
  const grandchild = `const kept = Buffer.alloc(150 * ${megabyte}, 1); setInterval(() => kept.length, 1000);`;
  const parent = spawn(process.execPath, [
    "-e",
    `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}]); setInterval(() => {}, 1000);`,
  ]);
  await once(parent, "spawn");
  const { pid = 0 } = parent;
  onTestFinished(async () => {
    const [child] = await childrenOf(pid);
    for (const each of [pid, child]) if (each !== undefined) process.kill(each, "SIGKILL");
  });
  let seen = 0;
  await eventually(async () => (seen = (await readResidentBytes(pid)) ?? 0) > 150 * megabyte);
  expect(seen).toBeLessThan(1_024 * megabyte);
});

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}
