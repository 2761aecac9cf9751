import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createScratchDirectory, waitFor } from "../../../test/kit/index.ts";
import { endLeftovers } from "./leftovers.ts";
import { describeExit, startProcess, type ManagedProcess, type ManagedProcessOptions } from "./managed-process.ts";
import { identifyProcess, isAlive, type ProcessIdentity } from "./process-identity.ts";

let scratch: ReturnType<typeof createScratchDirectory>;
const started: ManagedProcess[] = [];
beforeEach(() => {
  scratch = createScratchDirectory();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.stop(100)));
  scratch.remove();
});

function optionsFor(script: string, exitWithParent: "stdin" | "watcher" = "stdin"): ManagedProcessOptions {
  return {
    name: "sleeper",
    command: process.execPath,
    args: ["-e", script],
    env: { PATH: process.env["PATH"] },
    logFile: path.join(scratch.path, "logs", "sleeper.log"),
    recordDirectory: path.join(scratch.path, "processes"),
    exitWithParent,
  };
}

async function start(script: string): Promise<ManagedProcess> {
  const child = await startProcess(optionsFor(script));
  started.push(child);
  return child;
}

const sleep = "setInterval(() => undefined, 1e6)";

test("a process is remembered while it lives, and forgotten when it has ended", async () => {
  const child = await start(sleep);
  expect(readdirSync(path.join(scratch.path, "processes"))).toEqual(["sleeper.json"]);
  expect(await child.stop()).toEqual({ code: null, signal: "SIGTERM" });
  expect(await child.stop()).toEqual({ code: null, signal: "SIGTERM" });
  expect(readdirSync(path.join(scratch.path, "processes"))).toEqual([]);
});

test("each start has a fresh log, and the one before is kept", async () => {
  await (
    await start('console.log("first")')
  ).exited;
  await (
    await start('console.log("second")')
  ).exited;
  const log = path.join(scratch.path, "logs", "sleeper.log");
  expect([readFileSync(log, "utf8"), readFileSync(`${log}.1`, "utf8")]).toEqual(["second\n", "first\n"]);
});

test("a failure is told in one line, with what the process said last and where its log is", async () => {
  const record = { level: "error", msg: "start failed", error: { message: "no database" } };
  const child = await start(`console.log(${JSON.stringify(JSON.stringify(record))}); process.exit(3)`);
  expect(describeExit("run-store", await child.exited, child.logFile)).toBe(
    `run-store exited with code 3: start failed: no database (log: ${child.logFile})`,
  );
});

test("a program that is not there is told by name", async () => {
  await expect(startProcess({ ...optionsFor(""), command: "/nowhere/program" })).rejects.toThrow(
    /sleeper cannot be started: .*ENOENT/u,
  );
});

/** Runs this file's process starter in a process of its own, so that it can be killed. Resolves with both. */
async function startInAnotherProcess(
  options: ManagedProcessOptions,
): Promise<{ starter: ChildProcess; child: ProcessIdentity }> {
  const module = path.join(import.meta.dirname, "managed-process.ts");
  const script = `import { startProcess } from ${JSON.stringify(module)};
    const child = await startProcess(${JSON.stringify(options)}); console.log(child.pid); setInterval(() => undefined, 1e6);`;
  const starter = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(starter.stdout), "line")) as [string];
  const child = identifyProcess(Number(line));
  if (child === undefined) throw new Error("the child did not start");
  return { starter, child };
}

test("a server that cannot watch its starter is stopped when the starter is killed with kill -9", async () => {
  const { starter, child } = await startInAnotherProcess(optionsFor(sleep, "watcher"));
  starter.kill("SIGKILL");
  expect(await waitFor("the server to end", () => !isAlive(child), 5_000)).toBe(true);
});

test("what a killed starter and its watchers left is ended by the next start, and no process that only has the same id", async () => {
  const { starter, child } = await startInAnotherProcess(optionsFor(sleep));
  starter.kill("SIGKILL");
  await once(starter, "exit");
  expect(isAlive(child)).toBe(true); // this one ignores the end of its standard input
  const records = path.join(scratch.path, "processes");
  const foreign = { ...JSON.parse(readFileSync(path.join(records, "sleeper.json"), "utf8")), pid: process.pid };
  writeFileSync(path.join(records, "foreign.json"), JSON.stringify(foreign));

  expect((await endLeftovers(records)).toSorted()).toEqual(["foreign", "sleeper"]);
  expect(isAlive(child)).toBe(false);
  expect(existsSync(path.join(records, "sleeper.json"))).toBe(false);
});
