// Installs the npm packages when they are missing or package-lock.json has changed, and builds the dashboard's pages when these have; otherwise it is done in
// some milliseconds.
// Plain JavaScript without dependencies: it runs on whatever Node.js the machine has, before anything is installed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboard } from "./build-dashboard.mjs";

const oldestNodeMajor = 20;
const progressIntervalMs = 5_000;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Written last: a crash before leaves no stamp, and the next call installs again. `npm ci` removes it with everything else. */
const stampFile = path.join(root, "node_modules", ".windlass-installed");

const nodeMajor = Number(process.versions.node.split(".")[0]);
if (nodeMajor < oldestNodeMajor)
  fail(`Node.js ${oldestNodeMajor} or newer is needed to install; this is ${process.version}`);

const stamp = [
  createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex"),
  process.platform,
  process.arch,
].join(" ");
if (readOrEmpty(stampFile) !== stamp) {
  await runNpmCi();
  writeFileSync(stampFile, stamp);
}
const problem = await buildDashboard(root);
if (problem !== undefined) fail(`the dashboard's pages could not be built: ${problem}`);

/** Runs `npm ci` with a line now and then; what npm says is shown only when it fails. */
async function runNpmCi() {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  console.error("Installing packages (npm ci), once; this takes a minute or two");
  const progress = setInterval(() => console.error(`  still installing (${seconds()} s)`), progressIntervalMs);
  const [code, said] = await npmCi();
  clearInterval(progress);
  if (code !== 0) fail(`npm ci failed: ${reasonOf(said)}`);
  console.error(`Installed packages in ${seconds()} s`);
}

function npmCi() {
  // The npm that runs this script, if one does; settings of that call (npm_config_*) are not meant for this one.
  const npm = process.env.npm_execpath === undefined ? ["npm"] : [process.execPath, process.env.npm_execpath];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(workspace|prefix|global)|lifecycle|package)/u.test(name),
    ),
  );
  const child = spawn(npm[0], [...npm.slice(1), "ci", "--no-audit", "--no-fund"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (bytes) => (said += bytes));
  child.stderr.on("data", (bytes) => (said += bytes));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve([1, error.message]));
    child.once("close", (code) => resolve([code ?? 1, said]));
  });
}

/** npm says why in its first error line that is not a bare code, and tells where its full log is. */
function reasonOf(said) {
  const errors = said
    .split("\n")
    .map((line) => /^npm (?:ERR!|error) (.*)$/u.exec(line)?.[1]?.trim())
    .filter((line) => line !== undefined && line !== "" && !/^(code|errno|syscall|path) /u.test(line));
  const log = errors.find((line) => line.includes("complete log"));
  return [errors[0] ?? said.trim().split("\n").at(-1) ?? "no reason given", log]
    .filter((part) => part !== undefined)
    .join(" - ");
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // not there yet
  }
}

/** @returns {never} */
function fail(reason) {
  console.error(reason);
  process.exit(1);
}
