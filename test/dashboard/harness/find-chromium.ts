import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import {
  debianTools,
  failedCommandReason,
  findProgram,
  unpackDebianPackages,
  withMissingDependencies,
  writeStarter,
} from "@windlass/local";

const run = promisify(execFile);
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell"];
const packages = ["chromium-headless-shell", "fonts-dejavu-core"];
const program = "chromium-headless-shell";
/** The first start of a browser on a busy machine. */
const VERSION_LIMIT_MS = 60_000;

/** The browser's program, or why there is none. */
export type FoundChromium =
  | { readonly program: string; readonly missing?: never }
  | { readonly program?: never; readonly missing: string };

export interface ChromiumOptions {
  /** Where to keep what has to be fetched. */
  readonly toolsDirectory: string;
  /** The program that WINDLASS_CHROMIUM names, if it names one. */
  readonly setting?: string | undefined;
  /** Hears of steps that take long. */
  readonly onProgress?: (step: string) => void;
  /** Where programs are looked for, written like PATH; PATH unless told. */
  readonly searchPath?: string;
}

/**
 * Finds a Chromium that starts: the one of the setting, or one on the PATH, or one fetched by an earlier call, or fetched now: the
 * distribution's, unpacked into the tools folder with the libraries that the machine lacks, so that it needs no root.
 * @throws when the setting names what does not start: who sets it wants no other, and no skipped tests.
 */
export async function findChromium(options: ChromiumOptions): Promise<FoundChromium> {
  const { toolsDirectory, setting, onProgress, searchPath = process.env["PATH"] ?? "" } = options;
  if (setting !== undefined && setting !== "") {
    const whyNot = await whyItDoesNotStart(setting);
    if (whyNot !== undefined) throw new Error(`WINDLASS_CHROMIUM is ${setting}, which does not start: ${whyNot}`);
    return { program: setting };
  }
  const reasons: string[] = [];
  for (const folders of [searchPath, path.join(toolsDirectory, "bin")]) {
    for (const name of names) {
      const found = findProgram(name, folders);
      if (found === undefined) continue;
      const whyNot = await whyItDoesNotStart(found);
      if (whyNot === undefined) return { program: found };
      reasons.push(`${found} does not start: ${whyNot}`);
    }
  }
  if (debianTools.some((tool) => findProgram(tool, searchPath) === undefined)) {
    reasons.push("there is no apt-get to fetch it with");
  } else {
    onProgress?.("fetching chromium (Debian package)");
    try {
      const fetched = await fetchChromium(toolsDirectory, searchPath);
      const whyNot = await whyItDoesNotStart(fetched);
      if (whyNot === undefined) return { program: fetched };
      reasons.push(`Debian's package does not start: ${whyNot}`);
    } catch (error) {
      reasons.push(`Debian package: ${failedCommandReason(error)}`);
    }
  }
  return { missing: `no Chromium, ${reasons.join("; ")}; WINDLASS_CHROMIUM may name one` };
}

async function fetchChromium(toolsDirectory: string, searchPath: string): Promise<string> {
  const directory = path.join(toolsDirectory, "chromium-deb");
  if (!existsSync(directory)) {
    mkdirSync(toolsDirectory, { recursive: true });
    await unpackDebianPackages(await withMissingDependencies(packages, searchPath), directory, searchPath);
  }
  const fonts = path.join(directory, "fonts.conf");
  const folders = ["/usr/share/fonts", path.join(directory, "usr/share/fonts")];
  writeFileSync(
    fonts,
    `<?xml version="1.0"?>\n<fontconfig>${folders.map((folder) => `<dir>${folder}</dir>`).join("")}<cachedir>${directory}/font-cache</cachedir></fontconfig>\n`,
  );
  return writeStarter({
    program,
    file: path.join(directory, "usr/lib/chromium", program),
    directory,
    binDirectory: path.join(toolsDirectory, "bin"),
    environment: { FONTCONFIG_FILE: fonts },
  });
}

/** A stub of a distribution that has it elsewhere, or a program without its libraries, is no browser. */
async function whyItDoesNotStart(file: string): Promise<string | undefined> {
  try {
    await run(file, ["--version"], { timeout: VERSION_LIMIT_MS });
    return undefined;
  } catch (error) {
    return failedCommandReason(error);
  }
}
