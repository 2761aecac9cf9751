// Stands for a supervisor that is killed: starts one worker of a tier from a folder, says its process id and its children's, and waits.
import { mkdir } from "node:fs/promises";
import { systemClock } from "@windlass/chassis";
import { chooseDriver } from "../driver/choose-driver.ts";
import type { SandboxTier } from "../driver/driver.ts";
import { createGroupWatcher } from "../driver/group-watcher.ts";
import { defaultMachine } from "../driver/machine.ts";
import { noNetwork } from "../driver/oci/worker-network.ts";
import { testLogger as logger } from "./start-peer.ts";

const [tier = "process", bundleDir = "", privateDir = "", address = "", how = ""] = process.argv.slice(2);
await mkdir(privateDir, { mode: 0o700 });
const watcher = createGroupWatcher({ privateDir, logger });
watcher.start();
const options = { choice: tier as SandboxTier, runtimePath: undefined, requireTier: tier as SandboxTier };
const { driver } = await chooseDriver({
  ...options,
  network: noNetwork,
  privateDir,
  watcher,
  clock: systemClock,
  logger,
});
const worker = await driver.start("worker-1", {
  bundleDir,
  entryPoint: "worker.mjs",
  runtime: "node",
  machine: defaultMachine,
  address,
  token: "token",
});
process.stdout.write(`${worker.pid}\n`);
// Whoever started us says when.
process.stdin.once("data", () => {
  if (how === "suspended") worker.suspend();
  process.stdout.write("ready\n");
});
