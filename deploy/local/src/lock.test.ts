import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acquireLock, LockHeldError } from "./lock.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "windlass-lock-"));
  file = path.join(directory, "lock");
});
afterEach(() => rmSync(directory, { recursive: true }));

const error = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (thrown) {
    return thrown;
  }
};

test("a second holder is told the first one's process and address", () => {
  const lock = acquireLock(file);
  expect(error(() => acquireLock(file))).toMatchObject({ pid: process.pid, address: "" });
  lock.publishAddress("127.0.0.1:7070");
  const held = error(() => acquireLock(file));
  expect(held).toBeInstanceOf(LockHeldError);
  expect(held).toMatchObject({
    message: `a cluster of this folder is already running: process ${process.pid}, at 127.0.0.1:7070`,
  });
});

test("a released lock is free, and releasing again takes nothing from the next holder", () => {
  const first = acquireLock(file);
  first.release();
  const second = acquireLock(file);
  first.release();
  expect(existsSync(file)).toBe(true);
  second.release();
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["of a process that is gone", () => ({ pid: spawnSync("true").pid, startMark: "gone", address: "" })],
  ["of a process whose id is used again", () => ({ pid: process.pid, startMark: "earlier", address: "" })],
])("a lock %s is taken over", (_, stale) => {
  writeFileSync(file, JSON.stringify(stale()));
  acquireLock(file).release();
  expect(existsSync(file)).toBe(false);
});

test("a damaged lock is taken over", () => {
  writeFileSync(file, '{"pid":');
  expect(() => acquireLock(file).release()).not.toThrow();
});
