import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const version = "2.14.5";

/** SHA-256 of the official archives, from the release's own SHA256SUMS. */
const checksums: Readonly<Record<string, string>> = {
  "linux-amd64": "5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355",
  "linux-arm64": "673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c",
  "darwin-amd64": "f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96",
  "darwin-arm64": "ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50",
};

const downloadLimitMs = 300_000;
const officialDownloads = "https://github.com/nats-io/nats-server/releases/download";

/** How to fetch a release; everything but the folder is for tests. */
export interface NatsReleaseOptions {
  /** Where the program is put. */
  readonly directory: string;
  readonly downloads?: string;
  readonly checksum?: string;
}

/** Where a fetched release is found again. */
export function natsReleasePath(directory: string): string {
  return path.join(directory, `nats-server-v${version}`);
}

/**
 * Downloads the pinned official release, checks its SHA-256 and unpacks the program.
 * A crash leaves at most a folder named `.part` that the next call replaces.
 * @returns the program's path.
 * @throws when there is none for this platform, when it cannot be fetched, and when its bytes are not the expected ones.
 */
export async function fetchNatsRelease(options: NatsReleaseOptions): Promise<string> {
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  const checksum = options.checksum ?? checksums[platform];
  if (checksum === undefined) throw new Error(`no release for ${platform}`);

  const name = `nats-server-v${version}-${platform}`;
  const archive = await download(`${options.downloads ?? officialDownloads}/v${version}/${name}.tar.gz`);
  const actual = createHash("sha256").update(archive).digest("hex");
  if (actual !== checksum) throw new Error(`${name}.tar.gz has SHA-256 ${actual}, expected ${checksum}`);

  const part = path.join(options.directory, `${name}.part`);
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  writeFileSync(path.join(part, "archive.tar.gz"), archive);
  execFileSync("tar", ["-xzf", "archive.tar.gz", "--strip-components=1", `${name}/nats-server`], { cwd: part });
  const program = natsReleasePath(options.directory);
  renameSync(path.join(part, "nats-server"), program);
  rmSync(part, { recursive: true, force: true });
  return program;
}

async function download(url: string): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadLimitMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.bytes();
}
