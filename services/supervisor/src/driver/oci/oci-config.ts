import type { Seccomp } from "./seccomp.ts";

/** A folder or file of the host that the container shows, read-only. */
export interface SharedPath {
  readonly source: string;
  readonly destination: string;
  /** Whether programs may be executed from it. */
  readonly isExecutable: boolean;
}

/** What one container is made of. */
export interface ContainerPlan {
  /** The folder whose empty files and folders the mounts cover. */
  readonly rootDir: string;
  readonly shared: readonly SharedPath[];
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** User and group: the worker's own. */
  readonly uid: number;
  readonly tmpBytes: number;
  /** A limit of the user's processes; absent where the cgroup has it. */
  readonly maxProcesses?: number;
  readonly hasOwnNetwork: boolean;
  readonly cgroupPath: string;
  readonly seccomp?: Seccomp;
}

/** Where a container finds things. */
export const inside = {
  tmp: "/tmp",
  code: "/code",
  node: "/opt/windlass/bin/node",
  socket: "/run/windlass/s",
} as const;

/** First process of a container: starts the program, ends as it ends, and buries orphans. What it says itself is not heard. */
const initScript = '"$@" & exec 2>/dev/null; wait $!';

const maxOpenFiles = 16_384;
const maxTmpFiles = 20_000;

/**
 * config.json of a container (OCI runtime specification 1.0.2). Node.js is not its first process: as that it would not get
 * signals it has no handler for, not even SIGKILL of its own, and would not reap what it leaves behind.
 */
export function createOciConfig(plan: ContainerPlan) {
  const none: readonly string[] = [];
  return {
    ociVersion: "1.0.2",
    root: { path: plan.rootDir, readonly: true },
    hostname: "worker",
    process: {
      terminal: false,
      user: { uid: plan.uid, gid: plan.uid },
      cwd: inside.tmp,
      noNewPrivileges: true,
      // What the machine's kernel takes first when the machine as a whole has no memory left.
      oomScoreAdj: 500,
      args: ["/bin/sh", "-c", initScript, "init", ...plan.program],
      env: Object.entries(plan.env).map(([name, value]) => `${name}=${value}`),
      capabilities: { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none },
      rlimits: [
        { type: "RLIMIT_NOFILE", hard: maxOpenFiles, soft: maxOpenFiles },
        { type: "RLIMIT_CORE", hard: 0, soft: 0 },
        ...(plan.maxProcesses === undefined
          ? []
          : [{ type: "RLIMIT_NPROC", hard: plan.maxProcesses, soft: plan.maxProcesses }]),
      ],
    },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
      },
      ...plan.shared.map(({ source, destination, isExecutable }) => ({
        destination,
        type: "bind",
        source,
        options: ["ro", "rbind", "nosuid", "nodev", ...(isExecutable ? [] : ["noexec"])],
      })),
      {
        destination: inside.tmp,
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "nodev", `size=${plan.tmpBytes}`, "mode=1777", `nr_inodes=${maxTmpFiles}`],
      },
    ],
    linux: {
      namespaces: ["pid", "ipc", "uts", "mount", ...(plan.hasOwnNetwork ? ["network"] : [])].map((type) => ({ type })),
      cgroupsPath: plan.cgroupPath,
      // Memory, processors and processes are limited in the cgroup around the container's (worker-cgroups.ts).
      resources: { devices: [{ allow: false, access: "rwm" }] },
      ...(plan.seccomp === undefined ? {} : { seccomp: plan.seccomp }),
      maskedPaths: [
        "/proc/acpi",
        "/proc/asound",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/firmware",
      ],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}
