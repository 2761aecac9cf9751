import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/** Where a machine says what its time zone is. */
export interface ZonePlaces {
  /** A link to the zone's file, or a copy of it. */
  readonly localtime: string;
  /** The folder of all zones. */
  readonly zones: string;
}

export const zonePlaces: ZonePlaces = { localtime: "/etc/localtime", zones: "/usr/share/zoneinfo" };

/**
 * The file in `zones` of the machine's time zone; undefined when it has one without a name. `guess` is what its name may be.
 *
 * V8 learns the name from where /etc/localtime leads to. If that is no link it compares some hundred files with it, before a
 * program's first `new Date()`: in gVisor that takes a third of a second.
 */
export async function findZone({ localtime, zones }: ZonePlaces, guess: string): Promise<string | undefined> {
  const utc = join(zones, "Etc/UTC");
  // Without any, programs take UTC.
  const rules = await readFile(localtime).catch(() => readOrNothing(utc));
  const linked = await realpath(localtime).catch(() => utc);
  for (const candidate of [linked, join(zones, guess)]) {
    if (rules === undefined || !candidate.startsWith(`${zones}/`)) continue;
    if ((await readOrNothing(candidate))?.equals(rules) === true) return candidate;
  }
  return undefined;
}

function readOrNothing(file: string): Promise<Buffer | undefined> {
  return readFile(file).catch(() => undefined);
}
