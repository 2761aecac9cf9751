import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { createTaskFolder } from "../testing/task-folder.ts";

const sdk = fileURLToPath(new URL("../index.ts", import.meta.url));
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
});

afterEach(() => cluster.kill());

/** Runs a program that uses the SDK until it ends by itself. */
async function runProgram(source: string): Promise<{ code: number | null; output: string; afterLastWordMs: number }> {
  await using folder = await createTaskFolder({
    "program.mts": `import { runs, tasks } from ${JSON.stringify(sdk)};\n${source}`,
  });
  const child = spawn(process.execPath, [`${folder.path}/program.mts`], {
    env: { PATH: process.env["PATH"], WINDLASS_URL: cluster.url, WINDLASS_API_KEY: API_KEY },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 45_000,
  });
  let output = "";
  let lastWordMs = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    lastWordMs = performance.now();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output, afterLastWordMs: performance.now() - lastWordMs };
}

it("a program that triggers and ends, ends", async () => {
  const { code, output, afterLastWordMs } = await runProgram('console.log((await tasks.trigger("t", { a: 1 })).id);');
  expect([code, output]).toEqual([0, "run_1\n"]);
  expect(afterLastWordMs).toBeLessThan(2_000);
});

it("a program that has awaited a run, ends", async () => {
  const source = `
    const handle = await tasks.trigger("t", {});
    await runs.cancel(handle);
    console.log((await runs.poll(handle)).status);
    for await (const run of runs.subscribeToRun(handle)) console.log(run.status);`;
  const { code, output, afterLastWordMs } = await runProgram(source);
  expect([code, output]).toEqual([0, "CANCELED\nCANCELED\n"]);
  expect(afterLastWordMs).toBeLessThan(2_000);
});

it("a program does not end before its trigger is answered", async () => {
  const { code, output } = await runProgram('void tasks.trigger("t", {}).then(({ id }) => console.log(id));');
  expect([code, output]).toEqual([0, "run_1\n"]);
});
