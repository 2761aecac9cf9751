import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SDK_VERSION } from "../src/version.ts";
import { createTaskFolder } from "../src/testing/task-folder.ts";
import { API_KEY, TestCluster } from "../src/testing/test-cluster.ts";

const bin = fileURLToPath(new URL("windlass.mjs", import.meta.url));
/** Makes a Node.js say that it is an old one. */
const OLD = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})`;

function start(args: readonly string[], { script = bin, cwd = process.cwd(), isOld = false } = {}): ChildProcess {
  return spawn(process.execPath, [...(isOld ? ["--import", OLD] : []), script, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(...args: Parameters<typeof start>): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  const child = start(...args);
  const [[exitCode], stdout, stderr] = await Promise.all([
    once(child, "close"),
    text(child.stdout!),
    text(child.stderr!),
  ]);
  return { exitCode, stdout, stderr };
}

/** Resolves once somebody follows a run. */
const isWatching = (cluster: TestCluster): Promise<void> =>
  vi.waitFor(() => {
    if (cluster.streams.watches === 0) throw new Error("nobody watches");
  }, 30_000);

it("runs the command line, and ends with its exit code", async () => {
  expect(await run(["--version"])).toEqual({ exitCode: 0, stdout: `${SDK_VERSION}\n`, stderr: "" });
  expect(await run(["bogus", "--json"])).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^\{.*\}\n$/) });
});

describe("started by an old Node.js", () => {
  it("uses the one that is installed beside it, with the same output and exit code", async () => {
    expect(await run(["--version"], { isOld: true })).toEqual({ exitCode: 0, stdout: `${SDK_VERSION}\n`, stderr: "" });
    expect(await run(["bogus"], { isOld: true })).toMatchObject({ exitCode: 2, stdout: "" });
  });

  it("says clearly what is needed when there is none", async () => {
    await using folder = await createTaskFolder({});
    const script = join(folder.path, "windlass.mjs");
    await copyFile(bin, script);
    const { exitCode, stderr } = await run(["--version"], { script, cwd: folder.path, isOld: true });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/windlass needs Node\.js 26 or newer; this is .*\n.*npm install/);
  });

  describe("and told to end", () => {
    let cluster: TestCluster;
    let launcher: ChildProcess;

    beforeEach(async () => {
      cluster = await TestCluster.start();
      launcher = start(["trigger", "hello", "--wait", "--url", cluster.url, "--api-key", API_KEY], { isOld: true });
      await isWatching(cluster);
    });

    afterEach(() => {
      launcher.kill("SIGKILL");
      cluster.kill();
    });

    it.each(["SIGINT", "SIGTERM"] as const)("passes %s on, and ends as the command does", async (signal) => {
      launcher.kill(signal);
      expect((await once(launcher, "exit"))[0]).toBe(130);
    });

    it("leaves no process when it is killed", async () => {
      launcher.kill("SIGKILL");
      // Its output ends when the last process that could write to it has ended.
      await text(launcher.stdout!);
      expect(launcher.stdout!.readableEnded).toBe(true);
    });
  });
});

it("ends when nobody reads its output any more", async () => {
  const cluster = await TestCluster.start();
  const command = start(["trigger", "hello", "--wait", "--url", cluster.url, "--api-key", API_KEY]);
  try {
    await isWatching(cluster);
    await once(command.stdout!, "data");
    command.stdout!.destroy();
    cluster.tell("run_1", { body: { case: "attemptStarted", value: { attemptNumber: 1 } } });
    expect((await once(command, "exit"))[0]).toBe(141);
  } finally {
    command.kill("SIGKILL");
    cluster.kill();
  }
});
