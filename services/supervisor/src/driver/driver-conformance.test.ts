import { access, chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/processes.ts";
import { openSandbox, type Sandbox, skipNote, spawnStubborn, tryTiers } from "../testing/sandboxes.ts";

// What every driver promises (driver.ts), whatever it runs workers with.

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

for (const { tier, whyNot } of await tryTiers()) {
  describe.skipIf(whyNot !== undefined)(`the ${tier} driver${skipNote(whyNot)}`, () => {
    let sandbox: Sandbox;
    beforeEach(async () => {
      sandbox = await openSandbox(tier);
    });
    afterEach(() => sandbox.close());
    const run = async (...args: Parameters<Sandbox["start"]>) => (await sandbox.start(...args)).process.exited;

    it("says what it is", () => {
      expect(sandbox.driver.sandboxTier).toBe(tier);
    });

    it("tells how a worker ended and what it said", async () => {
      const exit = await run(`console.log("out"); console.error("err"); process.exitCode = 5`);
      expect(exit).toEqual({ exitCode: 5, wasKilled: false, output: expect.any(String) });
      expect(exit.output.trim().split("\n").toSorted()).toEqual(["err", "out"]);
    });

    it("tells the signal that ended a worker, and guesses no reason", async () => {
      for (const signal of ["SIGKILL", "SIGTERM"]) {
        const exit = await run(`console.log("last words"); process.kill(process.pid, "${signal}"); for (;;);`);
        expect(exit).toEqual({ signal, wasKilled: false, output: "last words\n" });
      }
      expect(await run("process.abort()")).toMatchObject({ signal: "SIGABRT" });
    });

    it("ends a worker whose JavaScript heap is full, which says so", async () => {
      const fill = "const kept = []; for (;;) kept.push(new Array(10_000).fill(0).map((_, i) => ({ i })));";
      await writeFile(join(sandbox.bundleDir, "fill.mjs"), fill);
      const start = `#!/bin/sh\nexec node --max-old-space-size=64 "$(dirname "$0")/fill.mjs"\n`;
      await writeFile(join(sandbox.bundleDir, "start.sh"), start, { mode: 0o755 });
      const exit = await run("", { entryPoint: "start.sh", runtime: "exec" });
      expect(exit).toMatchObject({ signal: expect.stringMatching(/SIGABRT|SIGTRAP/), wasKilled: false });
      expect(exit.output).toContain("heap out of memory");
      expect(exit.memoryExceeded).toBeUndefined();
    });

    it("gives a worker a folder of its own to write to, which goes with it, and nothing of the supervisor's environment", async () => {
      const worker = await sandbox.start(`
        import { writeFileSync } from "node:fs";
        import { tmpdir } from "node:os";
        import { say } from "./say.mjs";
        for (const folder of [process.cwd(), tmpdir(), process.env.HOME]) writeFileSync(folder + "/written", "");
        await say({ env: process.env, argv: [...process.argv, ...process.execArgv] });
        setInterval(() => {}, 1_000);`);
      const { env, argv } = (await worker.next()) as { env: Record<string, string>; argv: string[] };
      const { PWD: _, ...told } = env;
      expect(Object.keys(told).toSorted()).toEqual([
        "HOME",
        "PATH",
        "TMPDIR",
        "WINDLASS_WORKER_ADDRESS",
        "WINDLASS_WORKER_TOKEN",
      ]);
      expect(told["WINDLASS_WORKER_TOKEN"]).toBe("the-token-of-a-test");
      expect(argv.join(" ")).not.toContain("the-token-of-a-test");
      expect(argv.join(" ")).toMatch(/--max-old-space-size=\d+/);
      expect(await exists(join(sandbox.privateDir, worker.id))).toBe(true);
      worker.process.kill();
      await worker.process.exited;
      expect(await exists(join(sandbox.privateDir, worker.id))).toBe(false);
    });

    it("keeps the last 64 KB of what a worker said, and counts the rest", async () => {
      const { output, omittedOutputBytes } = await run(
        `for (let i = 0; i < 20000; i++) console.log("line", i, "x".repeat(50))`,
      );
      expect(Buffer.byteLength(output)).toBe(64 * 1024);
      expect(omittedOutputBytes).toBeGreaterThan(1_000_000);
      expect(output).toMatch(/line 19999 x+\n$/);
    });

    it("kills a worker with all that it forked, also when they do not want to", async () => {
      const worker = await sandbox.start(`
        ${spawnStubborn(tier)}
        for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
        await say("forked");
        for (;;);`);
      await worker.next();
      worker.process.kill();
      worker.process.kill();
      expect(await worker.process.exited).toMatchObject({ signal: "SIGKILL", wasKilled: true });
      await worker.hungUp;
      worker.process.kill();
    });

    it("takes what a worker forked with it when it exits by itself", async () => {
      const worker = await sandbox.start(`${spawnStubborn(tier)}\nprocess.exitCode = 3`);
      expect(await worker.process.exited).toMatchObject({ exitCode: 3, wasKilled: false });
      await worker.hungUp;
    });

    it("starts any program", async () => {
      await writeFile(join(sandbox.bundleDir, "program.sh"), `#!/bin/sh\necho "token: $WINDLASS_WORKER_TOKEN"\n`);
      await chmod(join(sandbox.bundleDir, "program.sh"), 0o755);
      const exit = await run("", { entryPoint: "program.sh", runtime: "exec" });
      expect(exit).toEqual({ exitCode: 0, wasKilled: false, output: "token: the-token-of-a-test\n" });
    });

    it("has a program that cannot be executed exit with 127 and say why", async () => {
      const exit = await run("", { entryPoint: "nothing", runtime: "exec" });
      expect(exit).toMatchObject({ exitCode: 127, output: expect.stringContaining("not found") });
    });

    it("tells how much memory a worker has, as long as it lives", async () => {
      const worker = await sandbox.start(`
        import { say } from "./say.mjs";
        globalThis.kept = Buffer.alloc(100 * 1_048_576, 1);
        await say("filled");
        setInterval(() => {}, 1_000);`);
      await worker.next();
      const residentBytes = (await worker.process.residentBytes()) ?? 0;
      expect(residentBytes).toBeGreaterThan(100 * 1_048_576);
      expect(residentBytes).toBeLessThan(300 * 1_048_576);
      worker.process.kill();
      await worker.process.exited;
      expect(await worker.process.residentBytes()).toBeUndefined();
    });

    it("lets a worker go on that has started, and one that has ended be", async () => {
      const worker = await sandbox.start(`
        import { say } from "./say.mjs";
        setInterval(() => void say("alive"), 50);`);
      await worker.next();
      worker.process.endStart();
      worker.process.endStart();
      expect(await worker.next()).toBe("alive");
      worker.process.kill();
      worker.process.endStart();
      await worker.process.exited;
      worker.process.endStart();
    });

    it("suspends a worker with what it forked; it keeps its memory, and goes on where it was", async () => {
      const worker = await sandbox.start(`
        import { spawn } from "node:child_process";
        import { line, say } from "./say.mjs";
        const loop = "while :; do echo '\\"child\\"' >&3; sleep 0.01; done";
        spawn("/bin/sh", ["-c", loop], { stdio: ["ignore", "ignore", "ignore", line] });
        setInterval(() => void say("parent"), 10);`);
      const heard = { parent: 0, child: 0, lastMs: performance.now() };
      const listening = new AbortController();
      const listen = async (): Promise<void> => {
        while (!listening.signal.aborted) {
          heard[(await worker.next()) === "child" ? "child" : "parent"] += 1;
          heard.lastMs = performance.now();
        }
      };
      const listener = listen();
      await eventually(() => heard.parent > 0 && heard.child > 0);
      worker.process.suspend();
      // What was on its way comes yet; then nothing does, for a hundred times as long as between two words.
      await eventually(() => performance.now() - heard.lastMs > 1_000);
      expect(await worker.process.residentBytes()).toBeGreaterThan(0);
      const before = { ...heard };
      worker.process.resume();
      await eventually(() => heard.parent > before.parent + 3 && heard.child > before.child + 3);
      listening.abort();
      await listener;
    });

    it("kills a suspended worker, too", async () => {
      const worker = await sandbox.start(`
        ${spawnStubborn(tier)}
        await say("forked");
        setInterval(() => {}, 10);`);
      await worker.next();
      worker.process.suspend();
      worker.process.kill();
      expect(await worker.process.exited).toMatchObject({ signal: "SIGKILL", wasKilled: true });
      await worker.hungUp;
      worker.process.resume();
    });

    it("runs several workers at once, and one's end is nobody else's", async () => {
      const source = `
        import { say } from "./say.mjs";
        await say(process.pid);
        setInterval(() => void say("alive"), 50);`;
      const workers = await Promise.all([source, source, source].map((text) => sandbox.start(text)));
      await Promise.all(workers.map((worker) => worker.next()));
      const [first, second, third] = workers;
      first?.process.kill();
      await first?.process.exited;
      for (const worker of [second, third]) expect(await worker?.next()).toBe("alive");
    });
  });
}
