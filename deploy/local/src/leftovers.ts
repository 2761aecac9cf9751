import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { endProcess } from "./process-identity.ts";

/**
 * Ends what an earlier start left behind when it was killed, by the records that managed-process.ts keeps.
 * Only processes whose id and start time are recorded are touched. Call it with the lock held.
 * @returns the names of the processes that had to be ended or were found gone.
 */
export async function endLeftovers(recordDirectory: string, limitMs = 10_000): Promise<string[]> {
  const files = listRecords(recordDirectory);
  await Promise.all(
    files.map(async (file) => {
      const record = parseRecord(readFileSync(file, "utf8"));
      if (record !== undefined) await endProcess(record, record.stopSignal, limitMs);
      rmSync(file, { force: true });
    }),
  );
  return files.map((file) => path.basename(file, ".json"));
}

function listRecords(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => path.join(directory, name));
  } catch {
    return []; // nothing was ever started here
  }
}

function parseRecord(text: string): { pid: number; startMark: string; stopSignal: NodeJS.Signals } | undefined {
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record !== "object" || record === null) return undefined;
    const { pid, startMark, stopSignal } = record as Record<string, unknown>;
    if (typeof pid !== "number" || typeof startMark !== "string") return undefined;
    return { pid, startMark, stopSignal: stopSignal === "SIGINT" ? "SIGINT" : "SIGTERM" };
  } catch {
    return undefined; // torn by a crash while it was written: the watcher has ended that process
  }
}
