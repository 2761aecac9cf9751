import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Logger } from "@windlass/chassis";

/**
 * Reads "add <group>" and "remove <group>" lines. When its input closes, which the kernel does for a supervisor that died
 * in whatever way, it kills the groups still listed and removes the supervisor's private folder ($1).
 */
const script = `
trap '' HUP INT TERM
groups=
while read -r verb group; do
  rest=
  for g in $groups; do [ "$g" = "$group" ] || rest="$rest $g"; done
  groups=$rest
  [ "$verb" = add ] && groups="$groups $group"
done
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null; done
rm -rf -- "$1"
`;

/** A small process that outlives the supervisor by a moment, to take its workers with it. */
export interface GroupWatcher {
  /** Before the first worker. */
  start(): void;
  add(processGroup: number): void;
  remove(processGroup: number): void;
  /** Lets the watcher end; it kills the groups not yet removed and removes the private folder. */
  stop(): Promise<void>;
}

/**
 * Watches over the supervisor's workers. A worker ends by itself when its session does, but one that is busy in a loop never notices: after a
 * kill -9 of the supervisor only another process can end it. A POSIX shell is on every system we run on and costs a
 * megabyte; Linux alone would have had PR_SET_PDEATHSIG, which does not reach what a worker forks. It sits in a process
 * group of its own, so what hits the supervisor's group does not hit it; should it die all the same, a new one is told
 * everything again.
 */
export function createGroupWatcher(options: { privateDir: string; logger: Logger }): GroupWatcher {
  const groups = new Set<number>();
  let isStopping = false;
  let restarts = 0;
  let current: ChildProcess | undefined;

  function launch(): ChildProcess {
    const child = spawn("/bin/sh", ["-c", script, "windlass-watcher", options.privateDir], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
    });
    // A write to a watcher that has just died fails with EPIPE; its exit, handled below, repeats the list.
    child.stdin?.on("error", () => {});
    child.on("error", (error) => {
      options.logger.error("cannot start the process watcher: workers could outlive a killed supervisor", { error });
    });
    child.on("exit", (code, signal) => {
      if (isStopping) return;
      restarts += 1;
      options.logger.error("the process watcher died", { code, signal, restarts });
      if (restarts <= 10) {
        current = launch();
        for (const group of groups) tell("add", group);
      }
    });
    return child;
  }

  function tell(verb: "add" | "remove", group: number): void {
    current?.stdin?.write(`${verb} ${group}\n`);
  }

  return {
    start() {
      current = launch();
    },
    add(group) {
      groups.add(group);
      tell("add", group);
    },
    remove(group) {
      groups.delete(group);
      tell("remove", group);
    },
    async stop() {
      if (isStopping) return;
      isStopping = true;
      if (current?.pid === undefined || current.exitCode !== null || current.signalCode !== null) return;
      const exited = once(current, "exit");
      current.stdin?.end();
      await exited;
    },
  };
}
