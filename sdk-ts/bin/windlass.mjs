#!/usr/bin/env node
// The command line. Plain JavaScript, so that any Node.js can start it; the program itself is TypeScript that needs a newer one, which is looked for in
// the packages installed around it (the npm package `node`).
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const oldestNodeMajor = 26;
/** Shells report a process that a signal ended as 128 and the signal's number. */
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

const here = path.dirname(realpathSync(fileURLToPath(import.meta.url)));
const main = path.join(here, "../src/cli/main.ts");

if (Number(process.versions.node.split(".")[0]) >= oldestNodeMajor) await import(pathToFileURL(main).href);
else runWith(findNode());

/** The nearest installed Node.js, from the package upwards, then from the working folder upwards. */
function findNode() {
  for (const start of [here, process.cwd()]) {
    for (let folder = start; ; folder = path.dirname(folder)) {
      const node = path.join(folder, "node_modules/node/bin/node");
      if (existsSync(node)) return node;
      if (folder === path.dirname(folder)) break;
    }
  }
  console.error(
    `windlass needs Node.js ${oldestNodeMajor} or newer; this is ${process.version}, and no newer one is installed beside it.\n` +
      `Install it in your project with "npm install --save-dev node@${oldestNodeMajor}", or use a newer Node.js.`,
  );
  return process.exit(2);
}

/** Becomes that process as far as it can be seen from outside: same terminal, same end. */
function runWith(node) {
  // The channel tells the program when this process is gone, however it ended.
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches both processes; a SIGINT without a terminal was meant for this one alone.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  child.once("error", (error) => {
    console.error(`windlass cannot start ${node}: ${error.message}`);
    process.exit(2);
  });
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (signalNumbers[signal] ?? 0)));
}
