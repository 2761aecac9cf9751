import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * A shell function `sweep`, which ends everything in the cgroups named one a line in $1 and removes them; it gives up after
 * five seconds. A frozen process of version 1 does not die before it is thawed, so that comes first. In shell because it is
 * the watcher's, who has to do it when we are gone.
 */
export const sweepFunction = `
sweep() {
  tries=0
  while [ $tries -lt 50 ]; do
    left=
    while read -r cgroup; do
      [ -d "$cgroup" ] || continue
      find "$cgroup" -type d | while read -r each; do
        [ -e "$each/cgroup.kill" ] && echo 1 >"$each/cgroup.kill"
        [ -e "$each/freezer.state" ] && echo THAWED >"$each/freezer.state"
        while read -r pid; do kill -s KILL "$pid"; done <"$each/cgroup.procs"
      done
      find "$cgroup" -depth -type d -exec rmdir {} ';'
      [ -d "$cgroup" ] && left=1
    done 2>/dev/null <<FOLDERS
$1
FOLDERS
    [ -z "$left" ] && return
    tries=$((tries + 1))
    sleep 0.1
  done
}
`;

/** The name of the cgroup that a supervisor's workers are in. */
export function supervisorCgroupName(pid: number, suffix: string): string {
  return `windlass-${pid}-${suffix}`;
}

/** Ends and removes what supervisors of this machine left that are gone, their watchers too: those of `parents` whose process is. */
export async function sweepLeftovers(parents: readonly string[]): Promise<void> {
  const found = await Promise.all(parents.map(leftoversIn));
  const folders = found.flat();
  if (folders.length > 0) await run("/bin/sh", ["-c", `${sweepFunction}\nsweep "$1"`, "sweep", folders.join("\n")]);
}

async function leftoversIn(parent: string): Promise<string[]> {
  const names = await readdir(parent);
  const isLeft = (name: string) => {
    const pid = Number(/^windlass-(\d+)-[0-9a-f]+$/.exec(name)?.[1]);
    return !Number.isNaN(pid) && !isAlive(pid);
  };
  return names.filter(isLeft).map((name) => join(parent, name));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
