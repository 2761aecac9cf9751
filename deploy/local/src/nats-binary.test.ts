import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findNatsServer } from "./nats-binary.ts";

let directory: string;
let programs: string;
let tools: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "windlass-nats-binary-"));
  programs = path.join(directory, "bin");
  tools = path.join(directory, "tools");
  mkdirSync(programs);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Puts a program in the way of the real one. */
function fake(name: string, script: string): void {
  writeFileSync(path.join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const find = (onProgress?: (step: string) => void): Promise<string> =>
  findNatsServer({ toolsDirectory: tools, searchPath: `${programs}:/bin`, onProgress });

test("the machine's own nats-server comes first", async () => {
  fake("nats-server", "");
  fake("apt-get", "exit 1");
  expect(await find()).toBe(path.join(programs, "nats-server"));
});

test("else the distribution's package is unpacked, without root and without installing it, and found again", async () => {
  fake("apt-get", 'test "$*" = "download nats-server" && echo package > nats-server_2_amd64.deb');
  fake(
    "dpkg-deb",
    'test "$1 $2 $3" = "-x nats-server_2_amd64.deb ." && mkdir -p usr/sbin && printf "#!/bin/sh" > usr/sbin/nats-server && chmod +x usr/sbin/nats-server',
  );
  const steps: string[] = [];
  const program = await find((step) => steps.push(step));
  expect(program).toBe(path.join(tools, "nats-server-deb/usr/sbin/nats-server"));
  expect(await find((step) => steps.push(step))).toBe(program);
  expect(steps).toEqual(["fetching nats-server (Debian package)"]);
});

test("else brew installs it; a package manager that fails gives way to the next", async () => {
  fake("apt-get", 'echo "E: Unable to locate package nats-server" >&2; exit 100');
  fake("dpkg-deb", "");
  fake(
    "brew",
    `if [ "$1" = --prefix ]; then echo ${directory}/cellar; else mkdir -p ${directory}/cellar/bin && printf "" > ${directory}/cellar/bin/nats-server && chmod +x ${directory}/cellar/bin/nats-server; fi`,
  );
  expect(await find()).toBe(path.join(directory, "cellar/bin/nats-server"));
});
