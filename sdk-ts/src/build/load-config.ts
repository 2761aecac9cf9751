import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fromJson } from "@bufbuild/protobuf";
import { RunErrorSchema } from "@windlass/proto";
import type { BuildSettings } from "../task/read-config.ts";
import type { ConfigReport } from "../worker/report-config.ts";
import { BuildError } from "./build-error.ts";
import { buildRuntime } from "./build-runtime.ts";
import { buildTasks } from "./build-tasks.ts";
import { ImportError } from "./import-error.ts";
import { WorkerProcess } from "./worker-process.ts";

const TIMEOUT_MS = 30_000;

/**
 * What a config says to the bundler. The config is executed, in a process of its own with this one's environment, as any
 * build tool would execute it. Throws ImportError when it throws or says something it must not, BuildError when it
 * cannot be bundled or never finishes. Leaves neither process nor file behind.
 */
export async function loadConfig(root: string, configPath: string): Promise<BuildSettings> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-config-"));
  try {
    const runtime = await buildRuntime();
    const files = [...runtime.files, ...(await buildTasks(root, [{ path: configPath, kind: "config" }]))];
    for (const { path, content } of files) await writeFile(join(folder, path), content);
    const entryPoint = join(folder, "main.mjs");
    await writeFile(entryPoint, MAIN);
    const reportPath = join(folder, "report.json");
    await runToEnd(entryPoint, join(root, dirname(configPath)), reportPath, basename(configPath));
    const report = JSON.parse(await readFile(reportPath, "utf8")) as ConfigReport;
    if (!report.ok) throw new ImportError(fromJson(RunErrorSchema, report.importError));
    return report.build;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const MAIN = `import { reportConfig } from "./runtime.mjs";
await reportConfig(async () => (await import("./tasks.mjs")).files);
`;

async function runToEnd(entryPoint: string, cwd: string, reportPath: string, name: string): Promise<void> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const child = new WorkerProcess(entryPoint, { cwd, env: { ...env, WINDLASS_CONFIG_REPORT: reportPath } });
  const timeout = new AbortController();
  try {
    const how = await Promise.race([
      child.exited,
      delay(TIMEOUT_MS, undefined, { signal: timeout.signal }).then(() => {
        throw new BuildError(`${name} was not loaded within ${TIMEOUT_MS} ms${child.output}`);
      }),
    ]);
    if (how !== "exit code 0")
      throw new BuildError(`the process that loaded ${name} ended early (${how})${child.output}`);
  } finally {
    timeout.abort();
    await child.kill();
  }
}
