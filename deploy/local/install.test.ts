import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let repository: string;
beforeEach(() => {
  repository = mkdtempSync(path.join(tmpdir(), "windlass-install-"));
  mkdirSync(path.join(repository, "deploy/local"), { recursive: true });
  for (const file of ["install.mjs", "build-dashboard.mjs"])
    cpSync(path.join(import.meta.dirname, file), path.join(repository, "deploy/local", file));
  writeFileSync(path.join(repository, "package-lock.json"), "{}");
  fakeNpm(
    'mkdirSync("node_modules", { recursive: true }); appendFileSync("calls", process.argv.slice(2).join(" ") + "\\n");',
  );
});
afterEach(() => rmSync(repository, { recursive: true }));

/** What runs in place of npm, in the repository's folder. */
function fakeNpm(script: string): void {
  writeFileSync(path.join(repository, "npm.mjs"), `import { appendFileSync, mkdirSync } from "node:fs"; ${script}`);
}

function install(): { status: number | null; said: string } {
  const env = { ...process.env, npm_execpath: path.join(repository, "npm.mjs") };
  const { status, stderr } = spawnSync(process.execPath, ["deploy/local/install.mjs"], {
    cwd: repository,
    env,
    encoding: "utf8",
  });
  return { status, said: stderr };
}

const npmCalls = (): string[] =>
  existsSync(path.join(repository, "calls"))
    ? readFileSync(path.join(repository, "calls"), "utf8").trim().split("\n")
    : [];

test("packages are installed when they are missing, and not again", () => {
  expect(install()).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^Installing packages.*\nInstalled packages in \d+ s\n$/u),
  });
  expect(install()).toEqual({ status: 0, said: "" });
  expect(npmCalls()).toEqual(["ci --no-audit --no-fund"]);
});

test("a changed package-lock.json, or a removed node_modules, installs again", () => {
  install();
  writeFileSync(path.join(repository, "package-lock.json"), '{ "changed": true }');
  install();
  rmSync(path.join(repository, "node_modules"), { recursive: true });
  install();
  expect(npmCalls()).toHaveLength(3);
});

test("a failure is one line with npm's reason and its log's place, and the next call tries again", () => {
  fakeNpm(
    'console.error("npm error code ENOTFOUND\\nnpm error network request failed\\nnpm error A complete log of this run can be found in: /logs/x.log"); process.exit(1);',
  );
  const { status, said } = install();
  expect(status).toBe(1);
  expect(said.trimEnd().split("\n").at(-1)).toBe(
    "npm ci failed: network request failed - A complete log of this run can be found in: /logs/x.log",
  );
  fakeNpm('mkdirSync("node_modules");');
  expect(install().status).toBe(0);
});
