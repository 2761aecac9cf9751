import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bundle } from "@windlass/proto";

/** What a laid down bundle is started with. */
export interface LaidBundle {
  /** Its files; read-only. */
  readonly dir: string;
  readonly entryPoint: string;
  readonly runtime: "node" | "exec";
}

/** A bundle that must not be laid down or started. */
export class BundleInvalid extends Error {
  override readonly name = "BundleInvalid";
}

const maxFiles = 10_000;
const maxPathBytes = 1_024;

/** Throws BundleInvalid unless every file stays in its folder, once, and the entry point is one of them. */
function checkBundle(bundle: Bundle): "node" | "exec" {
  if (bundle.files.length > maxFiles) throw new BundleInvalid(`it has more than ${maxFiles} files`);
  const paths = new Set<string>();
  for (const { path } of bundle.files) {
    checkPath(path);
    if (paths.has(path)) throw new BundleInvalid(`it has ${JSON.stringify(path)} twice`);
    paths.add(path);
  }
  if (!paths.has(bundle.entryPoint)) {
    throw new BundleInvalid(`its entry point ${JSON.stringify(bundle.entryPoint)} is not among its files`);
  }
  if (bundle.runtime === "node" || bundle.runtime === "exec") return bundle.runtime;
  throw new BundleInvalid(`its runtime ${JSON.stringify(bundle.runtime)} is neither "node" nor "exec"`);
}

function checkPath(path: string): void {
  const isPlain = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPlain || /[\\\0]/.test(path) || Buffer.byteLength(path) > maxPathBytes) {
    throw new BundleInvalid(`the path ${JSON.stringify(path.slice(0, 200))} is not a plain relative one`);
  }
}

const manifestName = "manifest.json";

/**
 * Lays a checked bundle down in `targetDir`, whole or not at all: it is written and synced beside it, then renamed. When
 * somebody else was faster, theirs stays. A crash leaves at most a folder that BundleCache removes later.
 */
export async function layDownBundle(bundle: Bundle, targetDir: string, stagingDir: string): Promise<void> {
  const runtime = checkBundle(bundle);
  const filesDir = join(stagingDir, "files");
  await mkdir(filesDir, { recursive: true });
  const folders = new Set([filesDir]);
  for (const { path, content, executable } of bundle.files) {
    const target = join(filesDir, path);
    await mkdir(dirname(target), { recursive: true });
    for (let folder = dirname(target); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
    await writeDurably(target, content, executable ? 0o555 : 0o444);
  }
  const manifest = JSON.stringify({ entryPoint: bundle.entryPoint, runtime });
  await writeDurably(join(stagingDir, manifestName), manifest, 0o444);
  for (const folder of folders) await chmod(folder, 0o555);
  try {
    await rename(stagingDir, targetDir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    await removeBundle(stagingDir);
  }
}

async function writeDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A bundle laid down before, perhaps by an earlier process; undefined when there is none. */
export async function findBundle(targetDir: string): Promise<LaidBundle | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(targetDir, manifestName), "utf8")) as Omit<LaidBundle, "dir">;
    return { dir: join(targetDir, "files"), entryPoint: manifest.entryPoint, runtime: manifest.runtime };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Removes a laid down bundle, or what a crash left of one. */
export async function removeBundle(dir: string): Promise<void> {
  await makeFoldersWritable(dir);
  await rm(dir, { recursive: true, force: true });
}

/** A file can only be removed from a folder that may be written. */
async function makeFoldersWritable(dir: string): Promise<void> {
  const stats = await lstat(dir).catch(() => undefined);
  if (stats?.isDirectory() !== true) return;
  await chmod(dir, 0o700);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeFoldersWritable(join(dir, entry.name));
  }
}
