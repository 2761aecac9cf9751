import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Component, Logger, Telemetry } from "@windlass/chassis";
import type { BundleCache } from "./bundle-cache.ts";
import type { Driver } from "./driver/driver.ts";
import { createGroupWatcher } from "./driver/group-watcher.ts";
import { createProcessDriver } from "./driver/process-driver.ts";
import type { Gate } from "./gate.ts";
import type { ClientChannel } from "@windlass/proto/grpc";
import { createSessionServer, type SessionServer } from "./session-server.ts";

/** The place where workers live: a private folder, the watcher over it, the driver, and the socket they connect to. */
export interface Workshop extends Component {
  readonly driver: Driver;
  readonly sessions: SessionServer;
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
}): Workshop {
  const { bundles, gate, clock, logger, telemetry, store } = options;
  const privateDir = join(tmpdir(), `windlass-${randomBytes(6).toString("hex")}`);
  const watcher = createGroupWatcher({ privateDir, logger });
  const sessions = createSessionServer({ privateDir, gate, clock, logger, telemetry, store });
  return {
    name: "workshop",
    driver: createProcessDriver({ privateDir, watcher, clock, logger }),
    sessions,
    async start() {
      await mkdir(privateDir, { mode: 0o700 });
      watcher.start();
      await bundles.start();
      await sessions.start();
    },
    async stop() {
      await sessions.stop();
      await watcher.stop();
      await bundles.stop();
    },
  };
}
