import path from "node:path";
import { childEnvironment } from "./child-environment.ts";
import { createMember, type ClusterMember } from "./cluster-member.ts";
import { isServing } from "./grpc-health.ts";
import { repositoryDirectory } from "./local-paths.ts";
import { startProcess } from "./managed-process.ts";
import type { MemberPlace } from "./member-place.ts";

/** The services, in the order in which one needs the other. */
export const serviceNames = ["run-store", "queue", "scheduler", "supervisor", "dashboard"] as const;

/** A service's folder below services/. */
export type ServiceName = (typeof serviceNames)[number];

/** A member that is one of our services. */
export interface ServiceMember extends ClusterMember {
  readonly service: ServiceName;
}

/**
 * Room (MB) for young objects. A laptop's memory goes before the last few per cent of speed: measured 110 MB less for all services together. The dashboard
 * is not on the way of any run.
 */
const semiSpaceMb: Readonly<Record<ServiceName, number>> = {
  "run-store": 8,
  queue: 8,
  scheduler: 8,
  supervisor: 8,
  dashboard: 2,
};
const startLimitMs = 30_000;
const stopLimitMs = 40_000; // longer than WINDLASS_DRAIN_TIMEOUT_MS

/** Describes a service's process, which serves when its health says so, and which ends by itself when its starter is gone. */
export function createServiceMember(service: ServiceName, place: MemberPlace): ServiceMember {
  const address = `127.0.0.1:${place.port}`;
  const member = createMember({
    name: place.name,
    address,
    launch: () =>
      startProcess({
        name: place.name,
        command: process.execPath,
        args: [
          `--max-semi-space-size=${semiSpaceMb[service]}`,
          path.join(repositoryDirectory, "services", service, "src/main.ts"),
        ],
        env: childEnvironment({ ...place.env(), WINDLASS_LISTEN: address, WINDLASS_EXIT_WITH_PARENT: "1" }),
        logFile: path.join(place.logDirectory, `${place.name}.log`),
        recordDirectory: place.recordDirectory,
        exitWithParent: "stdin",
      }),
    isReady: () => isServing(address),
    startLimitMs,
    stopLimitMs,
  });
  return Object.assign(member, { service });
}
