import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../testing/processes.ts";
import { openSandbox, type Sandbox, skipNote, tryTiers } from "../../testing/sandboxes.ts";
import { machineOf } from "../machine.ts";
import { parseHierarchies } from "./cgroup-hierarchies.ts";
import { findHostPaths } from "./host-paths.ts";

const execute = promisify(execFile);

// What a container keeps a task from, whatever the task does.

/** In how many of its periods a worker of this process has been kept from the processors because it had used its share. */
async function heldBackPeriods(workerId: string): Promise<number> {
  const texts = await Promise.all(["mountinfo", "cgroup"].map((name) => readFile(`/proc/self/${name}`, "utf8")));
  const [mountinfo = "", own = ""] = texts;
  const hierarchies = parseHierarchies(mountinfo, own);
  const folder =
    (hierarchies.find(({ controllers }) => controllers.includes("cpu")) ?? hierarchies[0])?.ownFolder ?? "";
  const groups = (await readdir(folder)).filter((name) => name.startsWith(`windlass-${process.pid}-`));
  const stats = await Promise.all(groups.map((name) => readFile(join(folder, name, workerId, "cpu.stat"), "utf8")));
  return Number(/^nr_throttled (\d+)$/m.exec(stats.join(""))?.[1]);
}

const tiers = (await tryTiers()).filter(({ tier }) => tier !== "process");
const bytesPerMb = 1_048_576;

for (const { tier, whyNot } of tiers) {
  describe.skipIf(whyNot !== undefined)(`a task in a container of ${tier}${skipNote(whyNot)}`, () => {
    let sandbox: Sandbox;
    beforeEach(async () => {
      sandbox = await openSandbox(tier);
    });
    afterEach(() => sandbox.close());

    /** What a source's function `look` answers. */
    async function look(source: string): Promise<unknown> {
      const worker = await sandbox.start(`
        import { execFileSync, spawnSync } from "node:child_process";
        import fs from "node:fs";
        import net from "node:net";
        import os from "node:os";
        import { say } from "./say.mjs";
        const attempt = (act) => {
          try {
            return [act()];
          } catch (error) {
            return error.code ?? error.message;
          }
        };
        ${source}
        await say(await look());
        setInterval(() => {}, 1_000);`);
      return worker.next();
    }

    it("sees no other process, and is no user that anybody else is", async () => {
      const source = `const look = () => ({
        pids: fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).length,
        uid: process.getuid(),
        name: os.userInfo().username,
      });`;
      const seen = (await Promise.all([look(source), look(source)])) as { pids: number; uid: number; name: string }[];
      for (const { pids, uid, name } of seen) {
        expect(pids).toBeLessThanOrEqual(2);
        expect(uid).toBeGreaterThan(1_000_000);
        expect(name).toBe("worker");
      }
      expect(seen[0]?.uid).not.toBe(seen[1]?.uid);
    });

    it("sees of the machine's files only programs, libraries and its own bundle; no socket but its own", async () => {
      await sandbox.start(`import { say } from "./say.mjs"; await say(1); setInterval(() => {}, 1_000);`);
      const { shadow, data, sockets, root } = (await look(`const look = () => ({
        shadow: attempt(() => fs.readFileSync("/etc/shadow", "utf8")),
        data: attempt(() => fs.readdirSync(${JSON.stringify(sandbox.privateDir)})),
        sockets: fs.readdirSync("/run/windlass"),
        root: fs.readdirSync("/"),
      });`)) as Record<string, unknown>;
      expect(shadow).toBe("ENOENT");
      expect(data).toBe("ENOENT");
      expect(sockets).toEqual(["s"]);
      const known = [
        "bin",
        "code",
        "dev",
        "etc",
        "lib",
        "lib64",
        "opt",
        "proc",
        "run",
        "sbin",
        "sys",
        "tmp",
        "usr",
        "var",
      ];
      expect(root).toEqual(known);
    });

    it("has the machine's time zone, and its name without a search", async () => {
      const zone = `Intl.DateTimeFormat().resolvedOptions().timeZone + new Date(2026, 6, 1).getTimezoneOffset()`;
      const { stdout } = await execute(process.execPath, ["-p", zone], { env: {} });
      expect(await look(`const look = () => ${zone}`)).toBe(stdout.trim());
      const { "/etc/localtime": target } = (await findHostPaths()).links;
      const link = await look(`const look = () => attempt(() => fs.readlinkSync("/etc/localtime"))`);
      expect(target === undefined ? ["EINVAL", "ENOENT"] : [target]).toContain(String(link));
    });

    it("can write to its temporary folder and nowhere else, not even to its code", async () => {
      await mkdir(join(sandbox.bundleDir, "open"));
      await chmod(join(sandbox.bundleDir, "open"), 0o777);
      await writeFile(join(sandbox.bundleDir, "open", "file"), "code");
      await chmod(join(sandbox.bundleDir, "open", "file"), 0o666);
      const folders = [
        "/",
        "/usr",
        "/usr/bin",
        "/etc",
        "/var",
        "/opt/windlass/bin",
        "/run/windlass",
        "/code",
        "/code/open",
        "/dev",
        "/sys",
      ];
      const answers = (await look(`const look = () => [
        ...${JSON.stringify(folders)}.map((folder) => attempt(() => fs.writeFileSync(folder + "/new", ""))),
        attempt(() => fs.appendFileSync("/code/open/file", "changed")),
        attempt(() => fs.writeFileSync("/tmp/new", "")),
      ];`)) as unknown[];
      expect(answers.pop()).toEqual([null]);
      for (const answer of answers) expect(answer).toMatch(/^(EROFS|EACCES|EPERM|ENOENT)$/);
    });

    it("cannot fill the disk: its temporary folder has a quarter of its machine's memory", async () => {
      const [code, megabytes] = (await look(`const look = () => {
        const file = fs.openSync("/tmp/large", "w");
        for (let written = 0; ; written += 1) {
          const answer = attempt(() => fs.writeSync(file, Buffer.alloc(${bytesPerMb})));
          if (answer !== undefined && !Array.isArray(answer)) return [answer, written];
          if (answer[0] < ${bytesPerMb}) return ["short", written];
        }
      };`)) as [string, number];
      expect(["ENOSPC", "short"]).toContain(code);
      expect(megabytes).toBe(128);
    });

    it("has no capability and gets none, by no set-user-id program and by no namespace of its own", async () => {
      const { status, unshare, mount, setuid } = (await look(`const look = () => ({
        status: fs.readFileSync("/proc/self/status", "utf8"),
        unshare: spawnSync("unshare", ["--user", "--map-root-user", "mount", "-t", "tmpfs", "none", "/tmp"]).status,
        mount: spawnSync("mount", ["-t", "tmpfs", "none", "/tmp"]).status,
        setuid: attempt(() => process.setuid(0)),
      });`)) as Record<string, string | number>;
      expect(status).toMatch(/^CapEff:\s+0+$/m);
      expect(status).toMatch(/^CapPrm:\s+0+$/m);
      expect(mount).not.toBe(0);
      expect(setuid).toBe("EPERM");
      // gVisor lets a task be root of a namespace inside of its own kernel, which is no door to the machine's.
      const inOwnKernel = tier === "runsc";
      expect(unshare !== 0 || inOwnKernel).toBe(true);
      expect(/^Seccomp:\s+2$/m.test(String(status)) || inOwnKernel).toBe(true);
      expect(/^NoNewPrivs:\s+1$/m.test(String(status)) || inOwnKernel).toBe(true);
    });

    it("reaches no network without one: not the machine's loopback, its control plane, or link-local addresses", async () => {
      const server = createServer((connection) => connection.destroy());
      await once(server.listen(0, "127.0.0.1"), "listening");
      const { port } = server.address() as { port: number };
      const answers = await look(`
        const reach = (host, port) => new Promise((resolve) => {
          const socket = net.connect({ host, port }, () => resolve("reached")).once("error", ({ code }) => resolve(code));
          socket.setTimeout(5_000, () => resolve("silence"));
        });
        const look = () => Promise.all([reach("127.0.0.1", ${port}), reach("169.254.169.254", 80), reach("10.0.2.2", ${port})]);`);
      server.close();
      for (const answer of answers as string[])
        expect(answer).toMatch(/^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL)$/);
    });

    it("that needs more memory than its machine has is ended by the kernel, with the figures, and its neighbour does not notice", async () => {
      const neighbour = await sandbox.start(`
        import { say } from "./say.mjs";
        const kept = Buffer.alloc(${50 * bytesPerMb}, 1);
        await say("ready");
        process.on("message", () => {});
        setInterval(() => void say(kept.every((byte) => byte === 1)), 500);`);
      await neighbour.next();
      const machine = machineOf("micro");
      const greedy = await sandbox.start(
        `import { say } from "./say.mjs";
        await say("begins");
        const kept = [];
        for (;;) kept.push(Buffer.alloc(${16 * bytesPerMb}, 1));`,
        machine === undefined ? {} : { machine },
      );
      await greedy.next();
      const exit = await greedy.process.exited;
      expect(exit).toMatchObject({
        signal: "SIGKILL",
        wasKilled: false,
        memoryExceeded: { limitBytes: 256 * bytesPerMb },
      });
      expect(exit.memoryExceeded?.peakBytes).toBeGreaterThan(200 * bytesPerMb);
      expect(exit.memoryExceeded?.peakBytes).toBeLessThanOrEqual(256 * bytesPerMb);
      expect(await neighbour.next()).toBe(true);
    });

    it("that is killed for another reason is not said to have needed too much memory", async () => {
      // Reading and writing files fills the memory with what can be given back.
      const worker = await sandbox.start(`
        import fs from "node:fs";
        import { say } from "./say.mjs";
        fs.writeFileSync("/tmp/large", Buffer.alloc(${60 * bytesPerMb}, 1));
        fs.readFileSync("/opt/windlass/bin/node");
        await say("done");
        process.kill(process.pid, "SIGKILL");`);
      const exit = await worker.process.exited;
      expect(exit).toMatchObject({ signal: "SIGKILL", wasKilled: false });
      expect(exit.memoryExceeded).toBeUndefined();
    });

    it("cannot fork without end: it is refused, and its neighbour can fork", async () => {
      const bomb = `
        import { spawn } from "node:child_process";
        import { say } from "./say.mjs";
        let running = 0;
        let refused;
        while (refused === undefined && running < 300) {
          const child = spawn("/bin/sleep", ["1000"], { stdio: "ignore" });
          refused = await new Promise((resolve) => {
            child.once("spawn", () => resolve(undefined));
            child.once("error", (error) => resolve(error.code));
          });
          running += 1;
        }
        await say({ refused, running });
        setInterval(() => {}, 1_000);`;
      const worker = await sandbox.start(bomb, { machine: { preset: "test", cpu: 0.25, memoryMb: 2_048 } });
      const { refused, running } = (await worker.next()) as { refused: string; running: number };
      expect(refused).toBe("EAGAIN");
      expect(running).toBeLessThanOrEqual(64);
      expect(await look(`const look = () => execFileSync("echo", ["forked"], { encoding: "utf8" });`)).toBe("forked\n");
    });

    it("may use a whole processor while it starts, and gets no more than its machine has after that", async () => {
      const worker = await sandbox.start(
        `import { setTimeout as delay } from "node:timers/promises";
        import { say } from "./say.mjs";
        const work = (untilMs) => { while (Date.now() < untilMs); };
        await say("begins");
        for (let n = 0; n < 10; n += 1) {
          work(Date.now() + 50);
          await delay(50);
        }
        await say("has begun");
        work(Infinity);`,
        { machine: { preset: "test", cpu: 0.25, memoryMb: 512 } },
      );
      await worker.next();
      const atFirst = await heldBackPeriods(worker.id);
      await worker.next();
      // With what its machine has it would be held back in each of ten periods.
      expect(await heldBackPeriods(worker.id)).toBeLessThan(atFirst + 5);
      worker.process.endStart();
      worker.process.endStart();
      const before = await heldBackPeriods(worker.id);
      // Whatever else the machine is doing, it runs into its limit again and again.
      await eventually(async () => (await heldBackPeriods(worker.id)) > before + 5);
    });
  });
}
