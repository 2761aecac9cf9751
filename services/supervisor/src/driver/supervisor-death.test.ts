import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenForLine, type ListeningLine, sayModule } from "../testing/listening-line.ts";
import { commandsContaining, eventually } from "../testing/processes.ts";
import { openSandbox, skipNote, spawnStubborn, tryTiers } from "../testing/sandboxes.ts";
import type { SandboxTier } from "./driver.ts";
import { parseHierarchies } from "./oci/cgroup-hierarchies.ts";

// Nothing of a worker outlives its supervisor, whatever ends that and whatever the worker is doing.

let folder: string;
let doomedDir: string;
let line: ListeningLine;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windlass-death-"));
  doomedDir = join(folder, "doomed");
  await mkdir(join(folder, "bundle"));
  await writeFile(join(folder, "bundle", "say.mjs"), sayModule);
  line = await listenForLine(join(folder, "s"));
});

afterEach(async () => {
  line.close();
  expect(await commandsContaining(folder)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

/** A supervisor of its own process, with a worker that has spoken. */
async function startDoomed(tier: string, source: string, how: "running" | "suspended"): Promise<ChildProcess> {
  await writeFile(join(folder, "bundle", "worker.mjs"), source);
  const program = new URL("../testing/doomed-parent.ts", import.meta.url).pathname;
  const args = [program, tier, join(folder, "bundle"), doomedDir, line.address, how];
  const parent = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
  await answers.next();
  await line.next();
  parent.stdin.write("go\n");
  expect(await answers.next()).toMatchObject({ value: "ready" });
  return parent;
}

async function kill(parent: ChildProcess): Promise<void> {
  parent.kill("SIGKILL");
  await once(parent, "exit");
}

/** The process ids of those who watch over the doomed supervisor's workers. */
async function watchers(): Promise<number[]> {
  const lines = (await commandsContaining(doomedDir)).filter((text) => text.includes("windlass-watcher"));
  return lines.map((text) => Number.parseInt(text, 10));
}

/** Cgroups, of any hierarchy, that a supervisor of this process id has made. */
async function cgroupsOf(pid: number | undefined): Promise<string[]> {
  if (process.platform !== "linux") return [];
  const texts = await Promise.all(["mountinfo", "cgroup"].map((name) => readFile(`/proc/self/${name}`, "utf8")));
  const [mountinfo = "", own = ""] = texts;
  const names = await Promise.all(parseHierarchies(mountinfo, own).map(({ ownFolder }) => readdir(ownFolder)));
  return names.flat().filter((name) => name.startsWith(`windlass-${pid}-`));
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Source of a worker that ignores signals, and has forked what does, too. */
const stubborn = (tier: SandboxTier) => `
  ${spawnStubborn(tier)}
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
  await say("forked");
  for (;;);`;

const tiers = await tryTiers();

for (const { tier, whyNot } of tiers) {
  describe.skipIf(whyNot !== undefined)(`a worker of the ${tier} driver${skipNote(whyNot)}`, () => {
    it.for(["running", "suspended"] as const)(
      "that is %s ends with a supervisor killed by kill -9, with all that it forked, and leaves nothing",
      async (how) => {
        const parent = await startDoomed(tier, stubborn(tier), how);
        await kill(parent);
        await line.hungUp;
        await eventually(async () => !(await exists(doomedDir)));
        expect(await cgroupsOf(parent.pid)).toEqual([]);
        await eventually(async () => (await watchers()).length === 0);
      },
    );

    it("ends with it also when the watcher had died before: another took its place", async () => {
      const parent = await startDoomed(tier, stubborn(tier), "running");
      const [first = 0] = await watchers();
      process.kill(first, "SIGKILL");
      await eventually(async () => (await watchers()).some((pid) => pid !== first));
      await kill(parent);
      await line.hungUp;
      await eventually(async () => !(await exists(doomedDir)));
      expect(await cgroupsOf(parent.pid)).toEqual([]);
    });
  });
}

for (const { tier, whyNot } of tiers.filter((each) => each.tier !== "process")) {
  describe.skipIf(whyNot !== undefined)(`a container of the ${tier} driver${skipNote(whyNot)}`, () => {
    it.for(["running", "suspended"] as const)(
      "that is %s and whose supervisor and watcher are killed together leaves nothing once another supervisor starts",
      async (how) => {
        const parent = await startDoomed(tier, stubborn(tier), how);
        expect(await cgroupsOf(parent.pid)).not.toEqual([]);
        parent.kill("SIGSTOP");
        for (const pid of await watchers()) process.kill(pid, "SIGKILL");
        await kill(parent);
        if (how === "running") await line.hungUp;
        const next = await openSandbox(tier);
        await line.hungUp;
        expect(await cgroupsOf(parent.pid)).toEqual([]);
        await next.close();
        await eventually(async () => (await commandsContaining(folder)).length === 0);
      },
    );
  });
}
