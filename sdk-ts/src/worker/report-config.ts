import { writeFile } from "node:fs/promises";
import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { RunErrorSchema } from "@windlass/proto";
import type { BuildSettings } from "../task/read-config.ts";
import { configExport, readConfig } from "../task/read-config.ts";
import { importErrorIn, type TaskFile } from "./load-tasks.ts";

/** What the bundler learns from a config. */
export type ConfigReport =
  | { readonly ok: true; readonly project: string; readonly build: BuildSettings }
  | { readonly ok: false; readonly importError: JsonValue };

/** The whole life of a process that is started to read a config: it writes what the bundler wants to know, and ends. */
export async function reportConfig(loadFiles: () => Promise<readonly TaskFile[]>): Promise<never> {
  const { WINDLASS_CONFIG_REPORT: path } = process.env;
  if (path === undefined) throw new Error("WINDLASS_CONFIG_REPORT is not set: this program is started by the bundler");
  delete process.env["WINDLASS_CONFIG_REPORT"];
  const exit = process.exit.bind(process);
  process.setSourceMapsEnabled(true);
  await writeFile(path, JSON.stringify(await reportOf(loadFiles)));
  return exit(0);
}

async function reportOf(loadFiles: () => Promise<readonly TaskFile[]>): Promise<ConfigReport> {
  let loading = "the config";
  try {
    const [file] = await loadFiles();
    if (file === undefined) throw new Error("there is none");
    loading = file.path;
    const { project, build } = readConfig(configExport(await file.load()));
    return { ok: true, project, build };
  } catch (thrown) {
    return { ok: false, importError: toJson(RunErrorSchema, importErrorIn(loading, thrown)) };
  }
}
