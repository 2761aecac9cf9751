import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "@windlass/chassis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandsContaining, eventually, isAlive, stateOf } from "../testing/processes.ts";
import { testLogger as logger } from "../testing/start-peer.ts";
import type { Driver, WorkerCommand } from "./driver.ts";
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

async function command(source: string, overrides: Partial<WorkerCommand> = {}): Promise<WorkerCommand> {
  await writeFile(join(bundleDir, "worker.mjs"), source);
  return {
    bundleDir,
    entryPoint: "worker.mjs",
    runtime: "node",
    machine: defaultMachine,
    address: "unix:/socket",
    token: "token",
    ...overrides,
  };
}

async function run(source: string, overrides: Partial<WorkerCommand> = {}) {
  const worker = await driver.start("worker-1", await command(source, overrides));
  return worker.exited;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe("a worker process", () => {
  it("tells how it ended and what it said", async () => {
    expect(await run(`console.log("out"); console.error("err"); process.exitCode = 5`)).toEqual({
      exitCode: 5,
      wasKilled: false,
      output: "out\nerr\n",
    });
    expect(await run(`process.kill(process.pid, "SIGUSR1"); process.kill(process.pid, "SIGKILL")`)).toMatchObject({
      signal: "SIGKILL",
      wasKilled: false,
    });
  });

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

  it("keeps the last 64 KB of what it said, however much that was", async () => {
    const { output, omittedOutputBytes } = await run(
      `for (let i = 0; i < 20000; i++) console.log("line", i, "x".repeat(50))`,
    );
    expect(Buffer.byteLength(output)).toBe(64 * 1024);
    expect(omittedOutputBytes).toBeGreaterThan(1_000_000);
    expect(output).toMatch(/line 19999 x+\n$/);
  });

  it("is killed with all that it forked, also when they do not want to", async () => {
    const source = `
      import { spawn } from "node:child_process";
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
      const child = spawn("/bin/sh", ["-c", "trap '' TERM HUP INT; while :; do sleep 1; done"], { stdio: "inherit" });
      console.log(child.pid);
      for (;;);`;
    const pidFile = join(folder, "pid");
    const worker = await driver.start(
      "worker-1",
      await command(
        source.replace(
          "console.log(child.pid)",
          `(await import("node:fs")).writeFileSync(${JSON.stringify(pidFile)}, String(child.pid))`,
        ),
      ),
    );
    await eventually(async () => (await readFile(pidFile, "utf8").catch(() => "")) !== "");
    const childPid = Number(await readFile(pidFile, "utf8"));
    worker.kill();
    worker.kill();
    expect(await worker.exited).toMatchObject({ signal: "SIGKILL", wasKilled: true });
    worker.kill();
    await eventually(async () => !(await isAlive(worker.pid)) && !(await isAlive(childPid)));
  });

  it("takes what it forked with it when it exits by itself", async () => {
    const { output } = await run(`
      import { spawn } from "node:child_process";
      const child = spawn("/bin/sh", ["-c", "while :; do sleep 1; done"], { stdio: "ignore" });
      child.unref();
      console.log(child.pid);`);
    const pid = Number(output);
    await eventually(async () => !(await isAlive(pid)));
    expect(await isAlive(pid)).toBe(false);
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

  it("can be any program", async () => {
    await writeFile(join(bundleDir, "worker.sh"), `#!/bin/sh\necho "token: $WINDLASS_WORKER_TOKEN"\n`);
    await chmod(join(bundleDir, "worker.sh"), 0o755);
    const exit = await run("", { entryPoint: "worker.sh", runtime: "exec" });
    expect(exit).toEqual({ exitCode: 0, wasKilled: false, output: "token: token\n" });
  });

  it("that cannot be executed exits with 127 and says why", async () => {
    const exit = await run("", { entryPoint: "nothing", runtime: "exec" });
    expect(exit).toMatchObject({ exitCode: 127, output: expect.stringContaining("not found") });
    expect(await exists(join(privateDir, "worker-1"))).toBe(false);
  });

  it("tells how much memory it has, as long as it lives", async () => {
    const worker = await driver.start("worker-1", await command("setInterval(() => {}, 1000)"));
    expect(await worker.residentBytes()).toBeGreaterThan(0);
    worker.kill();
    await worker.exited;
    expect(await worker.residentBytes()).toBeUndefined();
  });
});

describe("a suspended process", () => {
  const ticking = (file: string) => `
    import { spawn } from "node:child_process";
    import { appendFileSync } from "node:fs";
    const loop = "while :; do printf c >>" + ${JSON.stringify(file)} + "; sleep 0.01; done";
    spawn("/bin/sh", ["-c", loop], { stdio: "ignore" });
    setInterval(() => appendFileSync(${JSON.stringify(file)}, "p"), 10);`;

  it("stands still with what it forked, keeps its memory, and goes on where it was", async () => {
    const file = join(folder, "ticks");
    const text = () => readFile(file, "utf8").catch(() => "");
    const worker = await driver.start("worker-1", await command(ticking(file)));
    await eventually(async () => /p/.test(await text()) && /c/.test(await text()));
    worker.suspend();
    await eventually(async () => (await stateOf(worker.pid)).startsWith("T"));
    const before = await text();
    expect(await worker.residentBytes()).toBeGreaterThan(0);
    expect(await text()).toBe(before);
    worker.resume();
    await eventually(
      async () => /p/.test((await text()).slice(before.length)) && /c/.test((await text()).slice(before.length)),
    );
    worker.suspend();
    worker.kill();
    expect(await worker.exited).toMatchObject({ signal: "SIGKILL", wasKilled: true });
    worker.resume();
  });
});

describe("when the supervisor is gone", () => {
  async function startDoomed(source: string): Promise<{ parent: ChildProcess; workerPid: number; doomedDir: string }> {
    await command(source);
    const doomedDir = join(folder, "doomed");
    const program = new URL("../testing/doomed-parent.ts", import.meta.url).pathname;
    const parent = spawn(process.execPath, [program, bundleDir, doomedDir], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    return { parent, workerPid: Number(line), doomedDir };
  }

  it("by kill -9, a looping or stopped worker and what it forked are killed, and its folder is removed", async () => {
    const { parent, workerPid, doomedDir } = await startDoomed(`
      import { spawn } from "node:child_process";
      import { writeFileSync } from "node:fs";
      const child = spawn("/bin/sh", ["-c", "trap '' TERM HUP INT; while :; do sleep 1; done"], { stdio: "ignore" });
      writeFileSync(${JSON.stringify(join(folder, "pid"))}, String(child.pid));
      for (;;);`);
    await eventually(() => exists(join(folder, "pid")));
    const childPid = Number(await readFile(join(folder, "pid"), "utf8"));
    expect(await isAlive(workerPid)).toBe(true);
    // One that is suspended at that moment is no different.
    process.kill(-workerPid, "SIGSTOP");
    parent.kill("SIGKILL");
    await eventually(
      async () => !(await isAlive(workerPid)) && !(await isAlive(childPid)) && !(await exists(doomedDir)),
    );
    expect(await commandsContaining(folder)).toHaveLength(1);
  });

  it("even if the watcher had died before: another took its place", async () => {
    const { parent, workerPid, doomedDir } = await startDoomed("for (;;);");
    const [watching = ""] = (await commandsContaining(doomedDir)).filter((line) => line.includes("windlass-watcher"));
    const watcherPid = Number.parseInt(watching, 10);
    process.kill(watcherPid, "SIGKILL");
    const isWatched = async (): Promise<boolean> => {
      const lines = await commandsContaining(doomedDir);
      return lines.some((line) => line.includes("windlass-watcher") && Number.parseInt(line, 10) !== watcherPid);
    };
    await eventually(isWatched);
    parent.kill("SIGKILL");
    await eventually(async () => !(await exists(doomedDir)));
    expect(await isAlive(workerPid)).toBe(false);
  });
});
