import { readFile } from "node:fs/promises";
import { RunErrorCode } from "@windlass/proto";
import { expect, it } from "vitest";

it("every code with which an attempt can fail is documented, and no other", async () => {
  const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const documented = Array.from(page.matchAll(/^\| `([A-Z_]+)`/gm), ([, code]) => code);
  const codes = Object.keys(RunErrorCode).filter((code) => code !== "UNSPECIFIED");
  expect(new Set(documented)).toEqual(new Set(codes));
});
