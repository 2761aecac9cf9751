import { realpath } from "node:fs/promises";
import { inside, type SharedPath } from "./oci-config.ts";

/** What programs and TLS need of /etc, and nothing that is secret. Not everything is on every distribution. */
const sharedSettings = [
  "/etc/alternatives",
  "/etc/ca-certificates",
  "/etc/hosts",
  "/etc/ld.so.cache",
  "/etc/localtime",
  "/etc/nsswitch.conf",
  "/etc/pki",
  "/etc/resolv.conf",
  "/etc/ssl",
];

/** What every container shows of the machine: its programs and libraries, a few settings, and the supervisor's own Node.js. */
export async function findHostPaths(): Promise<SharedPath[]> {
  const paths: SharedPath[] = [
    { source: "/usr", destination: "/usr", isExecutable: true },
    { source: await realpath(process.execPath), destination: inside.node, isExecutable: true },
  ];
  for (const destination of sharedSettings) {
    const source = await realpath(destination).catch(() => undefined);
    if (source !== undefined) paths.push({ source, destination, isExecutable: false });
  }
  return paths;
}
