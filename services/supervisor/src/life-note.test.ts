import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createLifeNote, type LifeNote } from "./life-note.ts";
import { testLogger as logger } from "./testing/start-peer.ts";

let dataDir: string;
let note: LifeNote;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "windlass-note-"));
  note = createLifeNote({ dataDir, privateDir: join(dataDir, "gone"), hostname: "here", logger });
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Notes a supervisor, and changes what the note says of it. */
function leaveNote(changes: object): void {
  note.write("sup_before");
  const file = join(dataDir, "supervisor.json");
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...changes }));
}

it("follows nobody in a new folder, and nobody who has left in order", async () => {
  expect(await note.takeOver()).toBeUndefined();
  note.write("sup_before");
  note.remove();
  expect(await note.takeOver()).toBeUndefined();
  expect(readdirSync(dataDir)).toEqual([]);
});

it("follows a supervisor whose process is gone, also when another process has its id by now", async () => {
  leaveNote({ startTime: "another" });
  expect(await note.takeOver()).toBe("sup_before");
});

it("leaves alone a supervisor that lives, or of which it cannot be told", async () => {
  leaveNote({});
  expect(await note.takeOver(), "this very process").toBeUndefined();
  leaveNote({ startTime: "another", place: "elsewhere" });
  expect(await note.takeOver(), "on another machine, or in another container").toBeUndefined();
  writeFileSync(join(dataDir, "supervisor.json"), "{");
  expect(await note.takeOver(), "a damaged note").toBeUndefined();
});

it("is the last word: a later id takes the place of an earlier one", async () => {
  note.write("sup_first");
  leaveNote({ startTime: "another", supervisorId: "sup_second" });
  expect(await note.takeOver()).toBe("sup_second");
});

it("does not keep a supervisor from living when it cannot be written", () => {
  const file = join(dataDir, "file");
  writeFileSync(file, "");
  const options = { dataDir: join(file, "below"), privateDir: dataDir, hostname: "here", logger };
  expect(() => createLifeNote(options).write("sup_1")).not.toThrow();
});
