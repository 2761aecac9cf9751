/** config.json's `linux.seccomp` (OCI runtime specification, config-linux.md). */
export interface Seccomp {
  readonly defaultAction: "SCMP_ACT_ALLOW";
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ERRNO";
  readonly errnoRet: number;
  readonly args?: readonly { index: number; value: number; valueTwo?: number; op: string }[];
}

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/**
 * Calls that no task needs and kernel defects have been found behind: of mounts, namespaces, other processes' memory, modules,
 * BPF, keys, io_uring, the clock. Most need capabilities, which workers do not have; refused here, they are refused before
 * the kernel looks further.
 */
const refusedCalls = [
  "mount",
  "umount2",
  "pivot_root",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "move_mount",
  "open_tree",
  "mount_setattr",
  "open_by_handle_at",
  "name_to_handle_at",
  "quotactl",
  "swapon",
  "swapoff",
  "acct",
  "setns",
  "unshare",
  "sethostname",
  "setdomainname",
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "kcmp",
  "userfaultfd",
  "perf_event_open",
  "bpf",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "keyctl",
  "add_key",
  "request_key",
  "init_module",
  "finit_module",
  "delete_module",
  "kexec_load",
  "kexec_file_load",
  "reboot",
  "syslog",
  "settimeofday",
  "clock_settime",
  "clock_adjtime",
  "adjtimex",
  "iopl",
  "ioperm",
  "modify_ldt",
  "vhangup",
];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: with a user namespace of its own a task would have capabilities. */
const namespaceFlags = [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];

/** Unix, IPv4, IPv6 and netlink; no other address family is for a task, and some reach past the network namespace (vsock). */
const allowedFamilies: readonly number[] = [1, 2, 10, 16];
const families = 46;
const refusedFamilies = Array.from({ length: families }, (_, family) => family).filter(
  (family) => !allowedFamilies.includes(family),
);

/**
 * What a worker may ask of the machine's kernel: all but the calls above. A list of what is allowed would be narrower, and
 * would break native addons with every new kernel and C library.
 */
export function createSeccomp(architecture: NodeJS.Architecture): Seccomp {
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: architecturesOf(architecture),
    syscalls: [
      refuse(refusedCalls, EPERM),
      ...namespaceFlags.map((flag) =>
        refuse(["clone"], EPERM, { index: 0, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }),
      ),
      // Its flags are behind a pointer, where seccomp cannot look; C libraries fall back to clone.
      refuse(["clone3"], ENOSYS),
      ...refusedFamilies.map((family) =>
        refuse(["socket"], EAFNOSUPPORT, { index: 0, value: family, op: "SCMP_CMP_EQ" }),
      ),
    ],
  };
}

function refuse(
  names: readonly string[],
  errnoRet: number,
  arg?: NonNullable<SeccompRule["args"]>[number],
): SeccompRule {
  return { names, action: "SCMP_ACT_ERRNO", errnoRet, ...(arg === undefined ? {} : { args: [arg] }) };
}

function architecturesOf(architecture: NodeJS.Architecture): string[] {
  switch (architecture) {
    case "x64":
      return ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
    case "arm64":
      return ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"];
    default:
      throw new Error(`There is no seccomp profile for ${architecture}.`);
  }
}
