// Builds the dashboard's pages (services/dashboard/dist) when anything that they are made of has changed. Plain JavaScript, like install.mjs.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What the pages are made of, below the root; package-lock.json stands for the libraries. */
const sources = [
  "services/dashboard/web",
  "services/dashboard/vite.config.ts",
  "proto/gen",
  "proto/index.ts",
  "package-lock.json",
];

/**
 * @param {string} root the repository
 * @returns {Promise<string | undefined>} what went wrong; undefined when the pages are there
 */
export async function buildDashboard(root) {
  const folder = path.join(root, "services/dashboard");
  if (!existsSync(path.join(folder, "vite.config.ts"))) return undefined; // a copy without the dashboard
  /** Inside what vite empties before it writes: a build that was cut short leaves no stamp. */
  const stampFile = path.join(folder, "dist", ".built-from");
  const stamp = fingerprint(root);
  if (readOrEmpty(stampFile) === stamp) return undefined;
  const began = Date.now();
  console.error("Building the dashboard's pages; this takes some seconds");
  const node = path.join(root, "node_modules/.bin/node");
  const vite = path.join(root, "node_modules/vite/bin/vite.js");
  const config = path.join(folder, "vite.config.ts");
  const problem = await run(node, [vite, "build", "--config", config, "--logLevel", "warn"], folder);
  if (problem !== undefined) return problem;
  writeFileSync(stampFile, stamp);
  console.error(`Built them in ${Math.round((Date.now() - began) / 1000)} s`);
  return undefined;
}

function fingerprint(root) {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const file of filesOf(path.join(root, source)).toSorted()) {
      hash.update(`${path.relative(root, file)}\n`).update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}

function filesOf(place) {
  let entries;
  try {
    entries = readdirSync(place, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOTDIR") return [place];
    throw error;
  }
  return entries.flatMap((entry) => filesOf(path.join(place, entry.name)));
}

/** Runs a program; resolves with its last words when it fails. */
function run(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (bytes) => (said += bytes));
  child.stderr.on("data", (bytes) => (said += bytes));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(code === 0 ? undefined : said.trim() || `vite ended with ${code}`));
  });
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // not there yet
  }
}
