import { describe, expect, it } from "vitest";
import { programEnd } from "./exit-status.ts";
import { createOciConfig } from "./oci-config.ts";
import { launchCommand, runtimeCommand } from "./oci-runtime.ts";
import { createOwnUsers } from "./own-users.ts";
import { createSeccomp } from "./seccomp.ts";

const plan = {
  rootDir: "/private/root",
  shared: [
    { source: "/usr", destination: "/usr", isExecutable: true },
    { source: "/etc/hosts", destination: "/etc/hosts", isExecutable: false },
  ],
  program: ["/opt/windlass/bin/node", "/code/worker.mjs"],
  env: { HOME: "/tmp", WINDLASS_WORKER_TOKEN: "secret" },
  uid: 1_234_567,
  tmpBytes: 1_000,
  hasOwnNetwork: true,
  cgroupPath: "windlass-1-a/worker-1/c",
};

describe("config.json", () => {
  const config = createOciConfig(plan);

  it("gives a user of its own, no capability, and no new privileges", () => {
    expect(config.process.user).toEqual({ uid: 1_234_567, gid: 1_234_567 });
    expect(Object.values(config.process.capabilities)).toEqual([[], [], [], [], []]);
    expect(config.process.noNewPrivileges).toBe(true);
    expect(config.root.readonly).toBe(true);
  });

  it("mounts everything of the host read-only, without devices and set-user-id programs, and settings without programs", () => {
    const binds = config.mounts.filter(({ type }) => type === "bind");
    expect(binds.map(({ destination, options }) => [destination, options])).toEqual([
      ["/usr", ["ro", "rbind", "nosuid", "nodev"]],
      ["/etc/hosts", ["ro", "rbind", "nosuid", "nodev", "noexec"]],
    ]);
    expect(config.mounts.find(({ destination }) => destination === "/tmp")?.options).toContain("size=1000");
  });

  it("keeps the token out of argv", () => {
    expect(config.process.env).toContain("WINDLASS_WORKER_TOKEN=secret");
    expect(config.process.args.join(" ")).not.toContain("secret");
  });

  it("has a network namespace unless it is to use the one that the runtime is started in", () => {
    const types = (hasOwnNetwork: boolean) =>
      createOciConfig({ ...plan, hasOwnNetwork }).linux.namespaces.map(({ type }) => type);
    expect(types(true)).toEqual(["pid", "ipc", "uts", "mount", "network"]);
    expect(types(false)).toEqual(["pid", "ipc", "uts", "mount"]);
  });
});

describe("seccomp", () => {
  const { syscalls } = createSeccomp("x64");
  const rulesOf = (name: string) => syscalls.filter(({ names }) => names.includes(name));

  it("refuses mounts, namespaces, other processes' memory and io_uring", () => {
    for (const name of ["mount", "unshare", "setns", "ptrace", "bpf", "io_uring_setup", "keyctl"]) {
      expect(rulesOf(name)).toMatchObject([{ action: "SCMP_ACT_ERRNO", errnoRet: 1 }]);
    }
    expect(rulesOf("clone")).toHaveLength(7);
  });

  it("has C libraries fall back from clone3, whose flags it cannot see", () => {
    expect(rulesOf("clone3")).toMatchObject([{ errnoRet: 38 }]);
  });

  it("leaves unix, IPv4, IPv6 and netlink sockets, and no other", () => {
    const refused = rulesOf("socket").map(({ args }) => args?.[0]?.value);
    for (const family of [1, 2, 10, 16]) expect(refused).not.toContain(family);
    for (const family of [17, 38, 40]) expect(refused).toContain(family);
  });

  it("is there for the two architectures, and says so of another", () => {
    expect(createSeccomp("arm64").architectures).toContain("SCMP_ARCH_AARCH64");
    expect(() => createSeccomp("mips")).toThrow("mips");
  });
});

describe("the command line", () => {
  const container = { id: "worker-1-ab", stateDir: "/p/state", bundleDir: "/p/bundle" };

  it("tells runsc which network to use, and to let the supervisor's socket through", () => {
    const runsc = { name: "runsc", path: "/bin/runsc", version: "1" } as const;
    const line = (network: "own" | "inherited") => runtimeCommand(runsc, container, network).join(" ");
    expect(line("own")).toBe(
      "/bin/runsc --root /p/state --host-uds=open --network=none run -bundle /p/bundle worker-1-ab",
    );
    expect(line("inherited")).toContain("--network=host");
  });

  it("makes the runtime the first process of a namespace that ends with the supervisor", () => {
    const line = launchCommand(["/bin/runc", "run"]).join(" ");
    expect(line).toMatch(/^setpriv --pdeathsig KILL unshare .*--pid --fork --kill-child=KILL.* \/bin\/runc run$/);
  });
});

describe("an exit code", () => {
  it("above 128 is a signal by its usual name", () => {
    expect(programEnd(137)).toEqual({ signal: "SIGKILL" });
    expect(programEnd(134)).toEqual({ signal: "SIGABRT" });
    expect(programEnd(143)).toEqual({ signal: "SIGTERM" });
  });

  it("otherwise is the program's own", () => {
    for (const code of [0, 1, 7, 127, 128, 255]) expect(programEnd(code)).toEqual({ exitCode: code });
  });
});

describe("own users", () => {
  it("are nobody else's until they are given back", () => {
    const users = createOwnUsers(5_000_000);
    const [first, second] = [users.take(), users.take()];
    expect(new Set([first, second, users.take()]).size).toBe(3);
    users.giveBack(first);
    for (let count = 0; count < 65_533; count += 1) users.take();
    expect(users.take()).toBe(first);
    expect(() => users.take()).toThrow("workers at once");
  });
});
