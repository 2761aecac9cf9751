import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadSecrets } from "./secrets.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "windlass-secrets-"));
  file = path.join(folder, "secrets.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

it("credentials are made once, kept, and readable by their owner alone", () => {
  const made = loadSecrets(file);
  expect(Buffer.from(made.secretsKey, "base64")).toHaveLength(32);
  expect(loadSecrets(file)).toEqual(made);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it("a file from before variables were encrypted gets a key for them and keeps the rest", () => {
  const { secretsKey, ...older } = loadSecrets(file);
  writeFileSync(file, JSON.stringify(older), { mode: 0o600 });
  const loaded = loadSecrets(file);
  expect(loaded).toEqual({ ...older, secretsKey: loaded.secretsKey });
  expect(loaded.secretsKey).not.toBe(secretsKey);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(loaded);
  expect([readdirSync(folder), statSync(file).mode & 0o777]).toEqual([["secrets.json"], 0o600]);
});

it("a damaged file is refused by name, and stays as it is", () => {
  writeFileSync(file, "{");
  expect(() => loadSecrets(file)).toThrow(`${file} is damaged`);
  expect(readFileSync(file, "utf8")).toBe("{");
});
