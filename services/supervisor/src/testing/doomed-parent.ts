// Stands for a supervisor that is killed: starts one worker from the folder given as argument, says so, and waits.
import { mkdir } from "node:fs/promises";
import { systemClock } from "@windlass/chassis";
import { createGroupWatcher } from "../driver/group-watcher.ts";
import { defaultMachine } from "../driver/machine.ts";
import { createProcessDriver } from "../driver/process-driver.ts";
import { testLogger as logger } from "./start-peer.ts";

const [bundleDir = "", privateDir = ""] = process.argv.slice(2);
await mkdir(privateDir);
const watcher = createGroupWatcher({ privateDir, logger });
watcher.start();
const driver = createProcessDriver({ privateDir, watcher, clock: systemClock, logger });
const worker = await driver.start("worker-1", {
  bundleDir,
  entryPoint: "worker.mjs",
  runtime: "node",
  machine: defaultMachine,
  address: "unix:/nowhere",
  token: "token",
});
process.stdout.write(`${worker.pid}\n`);
setInterval(() => {}, 1_000);
