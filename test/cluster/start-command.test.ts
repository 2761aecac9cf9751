import { createServer } from "node:net";
import { once } from "node:events";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createScratchDirectory, processesOf, runStartCommand, type StartCommand, waitFor } from "../kit/index.ts";

let scratch: ReturnType<typeof createScratchDirectory>;
beforeEach(() => {
  scratch = createScratchDirectory();
});
afterEach(async () => {
  await nothingLeft();
  scratch.remove();
});

const nothingLeft = (): Promise<boolean> => waitFor("no process left", () => processesOf(scratch.path).length === 0);
/** With the output, so that a failed test shows it. */
const resultOf = async (command: StartCommand): Promise<{ exitCode: number | null; output: string }> => ({
  exitCode: await command.exitCode,
  output: command.output,
});
const isUp = /Ctrl-C stops everything/u;

test("--once prints the timeline, COMPLETED and the message, exits 0 and leaves no process", async () => {
  const command = runStartCommand(scratch.path, ["--once"]);
  expect(await resultOf(command)).toMatchObject({ exitCode: 0 });
  expect(processesOf(scratch.path)).toEqual([]);
  expect(command.output).toMatch(/QUEUED\n[\s\S]*EXECUTING\n[\s\S]*Hello world!\n[\s\S]*COMPLETED/u);
  expect(command.output).toMatch(/Dashboard +http:\/\/127\.0\.0\.1:\d+\n +Sign in there with the API key/u);
  expect(command.output).toMatch(/WINDLASS_URL +127\.0\.0\.1:\d+\n +WINDLASS_API_KEY +wl_dev_[0-9a-f]+\n/u);
  expect(command.errors).toBe("");
});

test("a second start says where the first is, and a Ctrl-C ends the first with nothing left", async () => {
  const first = runStartCommand(scratch.path);
  await first.waitForOutput(isUp);
  const [, address] = await first.waitForOutput(/WINDLASS_URL +(\S+)/u);

  const second = runStartCommand(scratch.path, ["--once"]);
  expect(await second.exitCode).toBe(1);
  expect(second.errors).toBe(
    `failed: a cluster of this folder is already running: process ${first.pid}, at ${address}\n`,
  );

  first.signal("SIGINT");
  expect(await first.exitCode).toBe(0);
  expect(processesOf(scratch.path)).toEqual([]);
});

test("after a kill -9 everything ends by itself, and the next start finds its data and its key", async () => {
  const killed = runStartCommand(scratch.path);
  await killed.waitForOutput(isUp);
  const [, apiKey] = await killed.waitForOutput(/WINDLASS_API_KEY +(\S+)/u);
  killed.signal("SIGKILL");
  await killed.exitCode;
  await nothingLeft();

  const next = runStartCommand(scratch.path, ["--once"]);
  expect(await resultOf(next)).toMatchObject({ exitCode: 0 });
  expect(next.output).toContain(apiKey);
});

test("a Ctrl-C while it starts ends what had started", async () => {
  const command = runStartCommand(scratch.path);
  await command.waitForOutput(/postgres +127/u);
  command.signal("SIGINT");
  expect(await command.exitCode).toBe(130);
  expect(processesOf(scratch.path)).toEqual([]);
});

test("a taken port is avoided and named", async () => {
  const servers = [7070, 7090].map((port) => createServer().listen(port, "127.0.0.1"));
  // Taken by us or by somebody else: taken it is.
  await Promise.all(servers.map((server) => once(server, "listening").catch(() => undefined)));
  const command = runStartCommand(scratch.path, ["--once"]);
  expect(await resultOf(command)).toMatchObject({ exitCode: 0 });
  expect(command.output).toMatch(/run-store +127\.0\.0\.1:(?!7070)\d+ .*\(7070 is taken\)/u);
  expect(command.output).toMatch(/dashboard +127\.0\.0\.1:(?!7090)\d+ .*\(7090 is taken\)/u);
  for (const server of servers) server.close();
});

test("a task folder that cannot be loaded is one line with the reason and the log's place, and exit 1", async () => {
  const command = runStartCommand(scratch.path, ["--once", "--dir", path.join(import.meta.dirname, "broken-tasks")]);
  expect(await command.exitCode).toBe(1);
  expect(command.errors.trimEnd().split("\n")).toHaveLength(1);
  expect(command.errors).toContain("this file throws while it is imported");
  expect(command.errors).toContain(path.join(scratch.path, "logs"));
  expect(processesOf(scratch.path)).toEqual([]);
});

test("an unknown option is one line, and --help tells the known ones", async () => {
  const wrong = runStartCommand(scratch.path, ["--onec"]);
  expect(await wrong.exitCode).toBe(1);
  expect(wrong.errors).toMatch(/^failed: .*--onec.*\n$/u);
  const help = runStartCommand(scratch.path, ["--help"]);
  expect(await help.exitCode).toBe(0);
  expect(help.output).toMatch(/--once[\s\S]*--dir[\s\S]*WINDLASS_HOME/u);
});
