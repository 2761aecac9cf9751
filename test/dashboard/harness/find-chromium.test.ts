import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ChromiumOptions, findChromium } from "./find-chromium.ts";

let directory: string;
let programs: string;
let toolsDirectory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "windlass-chromium-"));
  programs = path.join(directory, "bin");
  toolsDirectory = path.join(directory, "tools");
  mkdirSync(programs);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Puts a program on the path of the machine that a test makes up. */
function fake(name: string, script: string): string {
  const file = path.join(programs, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

const find = (options: Partial<ChromiumOptions> = {}) =>
  findChromium({ toolsDirectory, searchPath: programs, ...options });

/** The distribution has the browser, and one library that the machine lacks, in a folder of its own. */
function fakeDistribution(): void {
  fake(
    "apt-get",
    `case "$1" in install) echo "Inst chromium-headless-shell (1)"; echo "Inst libpulse0 (2)";; download) for name in "$@"; do [ "$name" = download ] || echo x >"$name.deb"; done;; esac`,
  );
  fake(
    "dpkg-deb",
    `case "$2" in chromium*) /bin/mkdir -p usr/lib/chromium; printf '#!/bin/sh\\necho "$LD_LIBRARY_PATH $FONTCONFIG_FILE"' >usr/lib/chromium/chromium-headless-shell; /bin/chmod +x usr/lib/chromium/chromium-headless-shell;; libpulse0*) /bin/mkdir -p usr/lib/x86_64-linux-gnu/pulse; : >usr/lib/x86_64-linux-gnu/pulse/libpulse.so.0;; esac`,
  );
}

test("the setting comes before what is on the PATH, and what it names has to start", async () => {
  fake("chromium", "");
  const named = fake("named", "");
  expect(await find({ setting: named })).toEqual({ program: named });
  const broken = fake("broken", "echo no display >&2; exit 1");
  await expect(find({ setting: broken })).rejects.toThrow(/WINDLASS_CHROMIUM is .*broken.*no display/u);
});

test("on the PATH, what does not start is passed over", async () => {
  fake("chromium", "echo install the snap >&2; exit 1");
  const chrome = fake("google-chrome", "");
  expect(await find()).toEqual({ program: chrome });
});

test("else the distribution's is unpacked once, with the libraries that the machine lacks", async () => {
  fakeDistribution();
  const steps: string[] = [];
  const onProgress = (step: string): void => void steps.push(step);
  const found = await find({ onProgress });
  expect(found).toEqual({ program: path.join(toolsDirectory, "bin/chromium-headless-shell") });
  expect(await find({ onProgress })).toEqual(found);
  expect(steps).toEqual(["fetching chromium (Debian package)"]);
  const said = execFileSync(found.program ?? "", { encoding: "utf8" });
  const unpacked = path.join(toolsDirectory, "chromium-deb");
  const libraries = path.join(unpacked, "usr/lib/x86_64-linux-gnu");
  expect(said.trim()).toBe(`${libraries}:${libraries}/pulse ${unpacked}/fonts.conf`);
});

test("where none can be had, the reason names all that was tried", async () => {
  const chromium = fake("chromium", "echo install the snap >&2; exit 1");
  expect((await find()).missing).toBe(
    `no Chromium, ${chromium} does not start: install the snap; there is no apt-get to fetch it with; WINDLASS_CHROMIUM may name one`,
  );
});
