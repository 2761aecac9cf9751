import { existsSync } from "node:fs";
import path from "node:path";
import { childEnvironment } from "./child-environment.ts";
import { createMember, type ClusterMember } from "./cluster-member.ts";
import { startProcess } from "./managed-process.ts";
import type { MemberPlace } from "./member-place.ts";
import { findNatsServer } from "./nats-binary.ts";

/** Where a server's files are. */
export interface NatsServerOptions extends MemberPlace {
  /** JetStream's files. */
  readonly directory: string;
  /** Where to keep nats-server itself, should it have to be fetched. */
  readonly toolsDirectory: string;
  /** Hears of steps that take long. */
  readonly onProgress?: ((step: string) => void) | undefined;
}

const startLimitMs = 15_000;
const stopLimitMs = 5_000;

/** Describes a real nats-server with JetStream on loopback. */
export function createNatsMember(options: NatsServerOptions): ClusterMember {
  return createMember({
    name: options.name,
    address: `127.0.0.1:${options.port}`,
    launch: async () =>
      startProcess({
        name: options.name,
        command: await findNatsServer({ toolsDirectory: options.toolsDirectory, onProgress: options.onProgress }),
        args: [
          "--addr",
          "127.0.0.1",
          "--port",
          String(options.port),
          "--jetstream",
          "--store_dir",
          options.directory,
          "--ports_file_dir",
          options.directory,
        ],
        env: childEnvironment(options.env()),
        logFile: path.join(options.logDirectory, `${options.name}.log`),
        recordDirectory: options.recordDirectory,
        exitWithParent: "watcher",
      }),
    isReady: (child) => hasWrittenPorts(options.directory, child.pid),
    startLimitMs,
    stopLimitMs,
  });
}

/** nats-server writes this file, named by its own process id, when it is ready: another server at the same port is not mistaken for it. */
function hasWrittenPorts(directory: string, pid: number): boolean {
  return existsSync(path.join(directory, `nats-server_${pid}.ports`));
}
