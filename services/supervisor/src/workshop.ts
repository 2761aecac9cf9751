import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Component, Logger, Telemetry } from "@windlass/chassis";
import type { BundleCache } from "./bundle-cache.ts";
import { type ChosenDriver, chooseDriver, type DriverOptions } from "./driver/choose-driver.ts";
import type { Driver } from "./driver/driver.ts";
import type { EgressSettings } from "./driver/egress/egress-settings.ts";
import { createWorkerNetwork } from "./driver/egress/egress.ts";
import { createGroupWatcher } from "./driver/group-watcher.ts";
import type { Gate } from "./gate.ts";
import type { ClientChannel } from "@windlass/proto/grpc";
import { createSessionServer, type SessionServer } from "./session-server.ts";

/** The place where workers live: a private folder, the watcher over it, the driver, and the socket they connect to. */
export interface Workshop extends Component {
  /** Usable once this is started: which one it is turns out then. */
  readonly driver: Driver;
  readonly sessions: SessionServer;
  /** Where its workers live. */
  readonly privateDir: string;
}

/**
 * The folder is a short path under TMPDIR, since a unix socket's may not be long, and only the supervisor's user may enter
 * it. Whatever way the supervisor ends, the watcher removes it, after the workers.
 */
export function createWorkshop(options: {
  bundles: BundleCache;
  gate: Gate;
  clock: Clock;
  logger: Logger;
  telemetry: Telemetry;
  /** Where calls of tasks are handed on to. */
  store: ClientChannel;
  /** How workers are to be confined. */
  sandbox: Pick<DriverOptions, "choice" | "runtimePath" | "requireTier">;
  /** What those in a sandbox may reach. */
  egress: EgressSettings;
}): Workshop {
  const { bundles, gate, clock, logger, telemetry, store, sandbox, egress } = options;
  const privateDir = join(tmpdir(), `windlass-${randomBytes(6).toString("hex")}`);
  const watcher = createGroupWatcher({ privateDir, logger });
  const sessions = createSessionServer({ privateDir, gate, clock, logger, telemetry, store });
  let chosen: ChosenDriver | undefined;

  function driver(): Driver {
    if (chosen === undefined) throw new Error("The workshop has not been started.");
    return chosen.driver;
  }

  return {
    name: "workshop",
    driver: {
      get sandboxTier() {
        return driver().sandboxTier;
      },
      start: (workerId, command) => driver().start(workerId, command),
    },
    sessions,
    privateDir,
    async start() {
      await mkdir(privateDir, { mode: 0o700 });
      watcher.start();
      chosen = await chooseDriver({
        ...sandbox,
        network: createWorkerNetwork(egress, { clock, logger }),
        privateDir,
        watcher,
        clock,
        logger,
      });
      await bundles.start();
      await sessions.start();
    },
    async stop() {
      await sessions.stop();
      await chosen?.close();
      await watcher.stop();
      await bundles.stop();
    },
  };
}
