import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findSandboxTools } from "./sandbox-tools.ts";

let directory: string;
let programs: string;
let tools: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "windlass-sandbox-tools-"));
  programs = path.join(directory, "bin");
  tools = path.join(directory, "tools");
  mkdirSync(programs);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Puts a program in the way of the real one. */
function fake(name: string, script: string): void {
  writeFileSync(path.join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const find = (onProgress?: (step: string) => void) =>
  findSandboxTools({ toolsDirectory: tools, searchPath: `${programs}:/bin`, onProgress });

/** The distribution has crun and its library, and nothing else. */
function fakeDistribution(): void {
  fake(
    "apt-get",
    'case "$*" in "download crun libyajl2") echo x >crun_1.deb; echo x >libyajl2_2.deb;; *) echo "E: Unable to locate package" >&2; exit 100;; esac',
  );
  fake(
    "dpkg-deb",
    `case "$2" in crun_1.deb) mkdir -p usr/bin; printf '#!/bin/sh\\necho "libraries: $LD_LIBRARY_PATH, told: $*"' >usr/bin/crun; chmod +x usr/bin/crun;; *) mkdir -p usr/lib/x86_64-linux-gnu;; esac`,
  );
}

test("the machine's own programs are used, and nothing is fetched", async () => {
  for (const name of ["runc", "runsc", "crun", "slirp4netns", "nft"]) fake(name, "");
  fake("apt-get", "exit 1");
  fake("dpkg-deb", "exit 1");
  expect(await find()).toEqual({ folders: [programs], missing: [] });
});

test("else packages are unpacked, found again, and started with the libraries that came with them", async () => {
  fakeDistribution();
  const { folders } = await find();
  expect(folders).toEqual([path.join(tools, "bin")]);
  const said = execFileSync(path.join(tools, "bin/crun"), ["a b", "c"], { encoding: "utf8" });
  expect(said.trim()).toBe(`libraries: ${path.join(tools, "crun-deb/usr/lib/x86_64-linux-gnu")}, told: a b c`);
  const steps: string[] = [];
  await find((step) => steps.push(step));
  expect(steps).not.toContain("fetching crun (Debian package)");
});

test("what cannot be had is told, and is no failure", async () => {
  fakeDistribution();
  const { missing } = await find();
  expect(missing).toContain("runc: E: Unable to locate package");
  rmSync(path.join(programs, "apt-get"));
  rmSync(path.join(programs, "dpkg-deb"));
  const without = await findSandboxTools({ toolsDirectory: path.join(directory, "none"), searchPath: programs });
  expect(without.missing).toHaveLength(5);
});
