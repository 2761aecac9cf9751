import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@windlass/chassis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandsContaining, isAlive } from "../testing/processes.ts";
import { testLogger as logger } from "../testing/start-peer.ts";
import type { Driver } from "./driver.ts";
import { createGroupWatcher, type GroupWatcher } from "./group-watcher.ts";
import { defaultMachine } from "./machine.ts";
import { createProcessDriver } from "./process-driver.ts";

let folder: string;
let bundleDir: string;
let privateDir: string;
let watcher: GroupWatcher;
let driver: Driver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windlass-driver-"));
  [bundleDir, privateDir] = [join(folder, "bundle"), join(folder, "private")];
  await mkdir(bundleDir);
  await mkdir(privateDir);
  watcher = createGroupWatcher({ privateDir, logger });
  watcher.start();
  driver = createProcessDriver({ privateDir, watcher, clock: systemClock, logger });
});

afterEach(async () => {
  await watcher.stop();
  const left = await commandsContaining(folder);
  if (left.length > 0) throw new Error(`left behind: ${left.join("; ")}`);
  await rm(folder, { recursive: true, force: true });
});

async function run(source: string) {
  await writeFile(join(bundleDir, "worker.mjs"), source);
  const worker = await driver.start("worker-1", {
    bundleDir,
    entryPoint: "worker.mjs",
    runtime: "node",
    machine: defaultMachine,
    address: "unix:/socket",
    token: "token",
  });
  return worker.exited;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe("a worker process", () => {
  it("is given a private folder, which is removed with it, and nothing of our environment", async () => {
    const { output } = await run(`console.log(JSON.stringify([process.cwd(), process.env, process.execArgv]))`);
    const [cwd, env, execArgv] = JSON.parse(output) as [string, Record<string, string>, string[]];
    expect(cwd).toBe(join(privateDir, "worker-1"));
    expect(env).toMatchObject({
      HOME: cwd,
      TMPDIR: join(cwd, "tmp"),
      WINDLASS_WORKER_ADDRESS: "unix:/socket",
      WINDLASS_WORKER_TOKEN: "token",
    });
    expect(Object.keys(env)).not.toContain("VITEST");
    expect(execArgv).toEqual(["--max-old-space-size=409"]);
    expect(await exists(cwd)).toBe(false);
  });

  it("is not waited for longer than half a second when something that left its group holds its pipes", async () => {
    const { output } = await run(`
      import { spawn } from "node:child_process";
      const child = spawn("/bin/sh", ["-c", "sleep 3"], { stdio: "inherit", detached: true });
      child.unref();
      console.log(child.pid);`);
    expect(await isAlive(Number(output))).toBe(true);
    process.kill(Number(output), "SIGKILL");
  });
});
