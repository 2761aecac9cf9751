import { realpath } from "node:fs/promises";
import { inside, type SharedPath } from "./oci-config.ts";
import { findZone, zonePlaces } from "./time-zone.ts";

/** What programs and TLS need of /etc, and nothing that is secret. Not everything is on every distribution. */
const sharedSettings = [
  "/etc/alternatives",
  "/etc/ca-certificates",
  "/etc/hosts",
  "/etc/ld.so.cache",
  "/etc/nsswitch.conf",
  "/etc/pki",
  "/etc/resolv.conf",
  "/etc/ssl",
];

/** What every container shows of the machine. */
export interface HostPaths {
  readonly shared: readonly SharedPath[];
  /** Where it has a link to something shared. */
  readonly links: Readonly<Record<string, string>>;
}

/** Of every container: the machine's programs and libraries, a few settings, and the supervisor's own Node.js. */
export async function findHostPaths(): Promise<HostPaths> {
  const shared: SharedPath[] = [
    { source: "/usr", destination: "/usr", isExecutable: true },
    { source: await realpath(process.execPath), destination: inside.node, isExecutable: true },
  ];
  const zone = await findZone(zonePlaces, Intl.DateTimeFormat().resolvedOptions().timeZone);
  const { localtime } = zonePlaces;
  for (const destination of zone === undefined ? [...sharedSettings, localtime] : sharedSettings) {
    const source = await realpath(destination).catch(() => undefined);
    if (source !== undefined) shared.push({ source, destination, isExecutable: false });
  }
  return { shared, links: zone === undefined ? {} : { [localtime]: zone } };
}
