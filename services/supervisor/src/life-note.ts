import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@windlass/chassis";
import { z } from "zod";
import { endLeftovers } from "./driver/leftovers.ts";

/**
 * What a supervisor notes in its data folder while it lives, so that the next one there knows whom it follows: one that
 * was killed has left leases behind, which need not wait for their end once it is certain that nothing of it executes.
 */
export interface LifeNote {
  /**
   * Ends what is left of the supervisor that was here before, and gives its id; undefined when it left in order, when it
   * lives (the folder is then shared by mistake), or when it cannot be told that nothing of it executes.
   */
  takeOver(): Promise<string | undefined>;
  /** We are this supervisor now. */
  write(supervisorId: string): void;
  /** We have left in order. */
  remove(): void;
}

const noteSchema = z.object({
  supervisorId: z.string(),
  privateDir: z.string(),
  pid: z.number(),
  startTime: z.string(),
  place: z.string(),
});

export function createLifeNote(options: {
  dataDir: string;
  /** Where its workers live; see Workshop. */
  privateDir: string;
  hostname: string;
  logger: Logger;
}): LifeNote {
  const { dataDir, privateDir, hostname, logger } = options;
  const file = join(dataDir, "supervisor.json");
  // Process ids mean something only within one boot of one machine, and one process id namespace.
  const place = [hostname, bootId(), processNamespace()].join(" ");

  return {
    async takeOver() {
      const earlier = readNote(file);
      if (earlier === undefined || earlier.place !== place) return undefined;
      const { supervisorId, pid } = earlier;
      if (startTimeOf(pid) === earlier.startTime) {
        logger.warn("another supervisor uses the same data folder", { dataDir, pid });
        return undefined;
      }
      if (!(await endLeftovers(earlier.privateDir))) {
        logger.warn("what an earlier supervisor left cannot be ended: its runs wait for the end of their leases", {
          supervisorId,
        });
        return undefined;
      }
      logger.info("follows a supervisor that was killed", { supervisorId });
      return supervisorId;
    },
    write(supervisorId) {
      const note = { supervisorId, privateDir, pid: process.pid, startTime: startTimeOf(process.pid), place };
      try {
        mkdirSync(dataDir, { recursive: true });
        writeFileSync(`${file}.new`, JSON.stringify(note));
        renameSync(`${file}.new`, file);
      } catch (error) {
        logger.warn("cannot note who lives here: after a kill, runs wait for the end of their leases", { error });
      }
    },
    remove: () => rmSync(file, { force: true }),
  };
}

function readNote(file: string): z.infer<typeof noteSchema> | undefined {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined; // there is none, or a crash of the machine has damaged it: leases end by themselves
  }
}

/** When a process was started, in the kernel's ticks; undefined when there is none of this id. Elsewhere than on Linux only whether there is one. */
function startTimeOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    const stat = readIfThere(`/proc/${pid}/stat`);
    return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  }
  try {
    process.kill(pid, 0);
    return "unknown";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "unknown" : undefined;
  }
}

function bootId(): string {
  return readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
