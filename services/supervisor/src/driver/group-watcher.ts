import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Logger } from "@windlass/chassis";
import { sweepFunction } from "./oci/cgroup-sweep.ts";

/**
 * Reads "add <group>", "remove <group>" and "cgroup <folder>" lines; $3 and on are groups to begin with, $2 the folders of
 * cgroups, one a line. When its input closes, which the kernel sees to when a supervisor dies in whatever way, it kills the
 * groups still listed, ends what is in the cgroups, and removes these and the folder $1.
 */
const watcherScript = `
${sweepFunction}
trap '' HUP INT TERM
folder=$1
cgroups=$2
shift 2
groups="$*"
while read -r verb group; do
  if [ "$verb" = cgroup ]; then
    cgroups="$cgroups
$group"
    continue
  fi
  rest=
  for g in $groups; do [ "$g" = "$group" ] || rest="$rest $g"; done
  groups=$rest
  [ "$verb" = add ] && groups="$groups $group"
done
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null; done
[ -z "$cgroups" ] || sweep "$cgroups"
rm -rf -- "$folder"
`;

/** Tells the watcher, through file descriptor 3, that its process group exists; only then becomes the program. */
const launchScript = `
echo "add $$" >&3 || exit 125
exec 3>&-
exec "$@"
`;

/** A small process that outlives the supervisor by a moment, to take its workers with it. */
export interface GroupWatcher {
  /** Before the first `spawn`. */
  start(): void;
  /** Folders of cgroups in which nothing is but workers: what is in them does not outlive us, and neither do they. */
  watchCgroups(folders: readonly string[]): void;
  /**
   * Starts a program as the leader of a process group of its own, which does not outlive us. A program that cannot be
   * executed exits with code 126 or 127.
   */
  spawn(program: string, args: readonly string[], options: { cwd: string; env: Record<string, string> }): ChildProcess;
  /** The group is gone. */
  remove(processGroup: number): void;
  /** Lets the watcher end; it kills the groups not yet removed and removes the private folder. */
  stop(): Promise<void>;
}

const maxRestarts = 10;

/**
 * Watches over the supervisor's workers. A worker ends by itself when its session does, but one that is busy in a loop never
 * notices: after a kill -9 of the supervisor only another process can end it. A POSIX shell is on every system we run on and
 * costs a megabyte; Linux alone would have had PR_SET_PDEATHSIG, which does not reach what a worker forks. There is no moment
 * at which a worker executes unwatched: it makes itself known before it becomes the program, over the very pipe whose end
 * the watcher waits for.
 *
 * The watcher is in a process group of its own, so what hits the supervisor's group does not hit it. Should it die all the
 * same, another one takes its place.
 */
export function createGroupWatcher(options: { privateDir: string; logger: Logger }): GroupWatcher {
  const { privateDir, logger } = options;
  const groups = new Set<number>();
  let isStopping = false;
  let restarts = 0;
  let current: ChildProcess | undefined;
  const cgroups: string[] = [];

  function launch(): ChildProcess {
    const args = [privateDir, cgroups.join("\n"), ...[...groups].map(String)];
    const child = spawn("/bin/sh", ["-c", watcherScript, "windlass-watcher", ...args], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
    });
    // A write to a watcher that has just died fails with EPIPE; the next one is told everything again.
    child.stdin?.on("error", () => {});
    child.on("error", (error) => {
      logger.error("cannot start the process watcher: workers could outlive a killed supervisor", { error });
    });
    child.on("exit", (code, signal) => {
      if (isStopping) return;
      restarts += 1;
      logger.error("the process watcher died", { code, signal, restarts });
      if (restarts <= maxRestarts) current = launch();
    });
    return child;
  }

  return {
    start() {
      current = launch();
    },
    watchCgroups(folders) {
      cgroups.push(...folders);
      current?.stdin?.write(folders.map((folder) => `cgroup ${folder}\n`).join(""));
    },
    spawn(program, args, { cwd, env }) {
      const child = spawn("/bin/sh", ["-c", launchScript, "windlass-launcher", program, ...args], {
        cwd,
        env,
        // Makes it the leader of a new session and process group, whose id is its pid.
        detached: true,
        stdio: ["ignore", "pipe", "pipe", current?.stdin ?? "ignore"],
      });
      if (child.pid !== undefined) groups.add(child.pid);
      return child;
    },
    remove(group) {
      groups.delete(group);
      current?.stdin?.write(`remove ${group}\n`);
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
