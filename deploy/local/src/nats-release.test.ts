import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchNatsRelease, natsReleasePath } from "./nats-release.ts";

let directory: string;
let server: Server;
let downloads: string;
let archive: Buffer;
let asked: string[];

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "windlass-nats-"));
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    archive = makeArchive(path.basename(request.url ?? "", ".tar.gz"));
    response.end(archive);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  downloads = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

/** What a release looks like: one folder named like the archive, the program in it. Made so that the same name gives the same bytes. */
function makeArchive(name: string): Buffer {
  const source = path.join(directory, "source", name);
  mkdirSync(source, { recursive: true });
  writeFileSync(path.join(source, "nats-server"), "#!/bin/sh\necho nats-server\n", { mode: 0o755 });
  const tar = execFileSync("tar", ["-c", "--format=ustar", "-C", path.join(directory, "source"), name]);
  return execFileSync("gzip", ["-n"], { input: tar });
}

test("the release is fetched for this platform, checked and unpacked", async () => {
  const tools = path.join(directory, "tools");
  await expect(fetchNatsRelease({ directory: tools, downloads, checksum: "0".repeat(64) })).rejects.toThrow(
    /SHA-256 .*, expected 0000/u,
  );
  expect(existsSync(natsReleasePath(tools))).toBe(false);

  const checksum = createHash("sha256").update(archive).digest("hex");
  const program = await fetchNatsRelease({ directory: tools, downloads, checksum });
  expect(program).toBe(natsReleasePath(tools));
  expect(execFileSync(program, { encoding: "utf8" })).toBe("nats-server\n");
  expect(readFileSync(program, "utf8")).toContain("echo");
  expect(asked[0]).toMatch(
    new RegExp(
      String.raw`^/v\d+\.\d+\.\d+/nats-server-v\d+\.\d+\.\d+-${process.platform}-(amd64|arm64)\.tar\.gz$`,
      "u",
    ),
  );
});
