import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findZone, type ZonePlaces } from "./time-zone.ts";

let folder: string;
let places: ZonePlaces;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "windlass-zones-")));
  places = { localtime: join(folder, "localtime"), zones: join(folder, "zoneinfo") };
  for (const [area, zone] of [
    ["Etc", "UTC"],
    ["Europe", "Berlin"],
  ] as const) {
    await mkdir(join(places.zones, area), { recursive: true });
    await writeFile(join(places.zones, area, zone), `rules of ${zone}`);
  }
});
afterEach(() => rm(folder, { recursive: true }));
const zone = (name: string) => join(places.zones, name);

it("is what the machine's link leads to", async () => {
  await symlink(zone("Europe/Berlin"), places.localtime);
  expect(await findZone(places, "Etc/UTC")).toBe(zone("Europe/Berlin"));
});

it("is what has the same rules as a copy, if it is the one guessed", async () => {
  await writeFile(places.localtime, "rules of Berlin");
  expect(await findZone(places, "Europe/Berlin")).toBe(zone("Europe/Berlin"));
  expect(await findZone(places, "Etc/UTC")).toBeUndefined();
});

it("is UTC on a machine that does not say", async () => {
  expect(await findZone(places, "Europe/Berlin")).toBe(zone("Etc/UTC"));
  await rm(places.zones, { recursive: true });
  expect(await findZone(places, "Europe/Berlin")).toBeUndefined();
});

it("is none that is elsewhere", async () => {
  await writeFile(join(folder, "own"), "own rules");
  await symlink(join(folder, "own"), places.localtime);
  expect(await findZone(places, "Europe/Berlin")).toBeUndefined();
});
