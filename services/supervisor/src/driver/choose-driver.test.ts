import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@windlass/chassis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testLogger as logger } from "../testing/start-peer.ts";
import { chooseDriver, type DriverOptions } from "./choose-driver.ts";
import { createGroupWatcher, type GroupWatcher } from "./group-watcher.ts";
import { noNetwork } from "./oci/worker-network.ts";
import { isAtLeast } from "./sandbox-tier.ts";

let folder: string;
let watcher: GroupWatcher;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windlass-choose-"));
  await mkdir(join(folder, "private"));
  watcher = createGroupWatcher({ privateDir: join(folder, "private"), logger });
  watcher.start();
});
afterEach(async () => {
  await watcher.stop();
  await rm(folder, { recursive: true });
});

const choose = (wanted: Pick<DriverOptions, "choice" | "requireTier"> & { runtimePath?: string }) =>
  chooseDriver({
    runtimePath: undefined,
    ...wanted,
    network: noNetwork,
    privateDir: join(folder, "private"),
    watcher,
    clock: systemClock,
    logger,
  });

it("orders tiers: a process is none, runc and crun are alike, runsc is the strongest", () => {
  expect(isAtLeast("process", "process")).toBe(true);
  expect(isAtLeast("process", "runc")).toBe(false);
  expect(isAtLeast("runc", "crun")).toBe(true);
  expect(isAtLeast("crun", "runc")).toBe(true);
  expect(isAtLeast("runc", "runsc")).toBe(false);
  expect(isAtLeast("runsc", "runc")).toBe(true);
});

it("refuses what confines less than is required, and says so", async () => {
  await expect(choose({ choice: "process", requireTier: "runsc" })).rejects.toThrow(
    "process confines less than runsc, which WINDLASS_REQUIRE_TIER asks for",
  );
});

it("says what is missing of a runtime that cannot be used, and never takes a weaker one for it", async () => {
  const runtimePath = join(folder, "runtime");
  await writeFile(runtimePath, "#!/bin/sh\necho 'something else version 1'\n", { mode: 0o755 });
  const chosen = choose({ choice: "runc", requireTier: "process", runtimePath });
  await expect(chosen).rejects.toThrow(/runc: (.* is not runc|containers need Linux|.* as root|.* is not installed)/);
});

it("gives plain processes to who asks for nothing else", async () => {
  const chosen = await choose({ choice: "process", requireTier: "process" });
  expect(chosen.driver.sandboxTier).toBe("process");
  await chosen.close();
});
