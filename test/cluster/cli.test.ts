import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listProcesses, runWindlass, startCluster, startWindlass, type TestCluster, waitFor } from "../kit/index.ts";

const taskFolder = fileURLToPath(new URL("cli-tasks", import.meta.url));

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
  await windlass("deploy", "--dir", taskFolder);
});

afterAll(() => cluster.end());

const windlass = (...args: string[]) => runWindlass(args, cluster);

/** What the tests read of what commands print, as far as a command prints it. */
interface Printed {
  readonly id: string;
  readonly version: string;
  readonly runs: readonly { readonly id: string }[];
  readonly hooks: readonly { readonly hook: string }[];
  readonly events: readonly { readonly type: string; readonly seq: number }[];
  readonly checks: readonly { readonly name: string; readonly status: string; readonly mend?: string }[];
}

/** Runs a command with --json; the value it printed, and its exit code. */
async function windlassJson(...args: string[]): Promise<{ exitCode: number | null; value: Printed; stderr: string }> {
  const { exitCode, stdout, stderr } = await windlass(...args, "--json");
  expect(stdout, "one JSON value on one line").toMatch(/^[^\n]+\n$/);
  return { exitCode, value: JSON.parse(stdout) as Printed, stderr };
}

async function trigger(task: string, ...args: string[]): Promise<string> {
  return (await windlassJson("trigger", task, ...args)).value.id;
}

describe("deploy and tasks", () => {
  test("deploy makes a folder the current version, and tasks lists what is in it", async () => {
    const deployed = await windlassJson("deploy", "--dir", taskFolder);
    expect(deployed).toMatchObject({ exitCode: 0, value: { environment: "dev" } });
    const listed = await windlassJson("tasks");
    expect(listed).toMatchObject({
      exitCode: 0,
      value: {
        version: deployed.value.version,
        tasks: expect.arrayContaining([
          expect.objectContaining({
            id: "sum",
            filePath: "cli.ts",
            exportName: "sum",
            queue: "task/sum",
            maxAttempts: 3,
          }),
        ]),
      },
    });
  });

  test("a folder that cannot be built is told with file and line: exit code 1, and the version stays", async () => {
    await using folder = await scratch({ "a.ts": "export const a = ;" });
    const before = await windlassJson("tasks");
    const { exitCode, value } = await windlassJson("deploy", "--dir", folder.path);
    expect(exitCode).toBe(1);
    expect(value).toMatchObject({ error: { reason: "BUILD_FAILED", message: expect.stringContaining("a.ts:1:18") } });
    expect((await windlassJson("tasks")).value).toEqual(before.value);
  });
});

describe("trigger --wait --json", () => {
  test("prints a COMPLETED run as one object: exit code 0", async () => {
    const { exitCode, value } = await windlassJson("trigger", "sum", "--payload", '{"numbers":[1,2,3]}', "--wait");
    expect(exitCode).toBe(0);
    expect(value).toMatchObject({
      id: expect.stringMatching(/^run_/),
      task: "sum",
      status: "COMPLETED",
      payload: { numbers: [1, 2, 3] },
      output: { sum: 6 },
      error: null,
      attemptCount: 1,
      attempts: [{ number: 1, outcome: "SUCCEEDED" }],
    });
    const { hooks, events } = value;
    expect(hooks).toContainEqual(
      expect.objectContaining({ hook: "onStart", scope: "task", attempt: 1, outcome: "ok" }),
    );
    expect(hooks.map(({ hook }) => hook)).toEqual(["onStart", "run"]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events).toContainEqual(
      expect.objectContaining({ type: "log", message: "summing", attributes: { count: 3 } }),
    );
  });

  test("prints a FAILED run with its error and all attempts: exit code 1", async () => {
    const { exitCode, value } = await windlassJson("trigger", "fails", "--wait");
    expect(exitCode).toBe(1);
    expect(value).toMatchObject({
      status: "FAILED",
      output: null,
      error: { code: "TASK_ERROR", name: "RangeError", message: "on purpose" },
      attemptCount: 2,
      attempts: [
        { number: 1, outcome: "FAILED" },
        { number: 2, outcome: "FAILED" },
      ],
      hooks: [
        { hook: "run", attempt: 1, outcome: "failed" },
        { hook: "run", attempt: 2, outcome: "failed" },
      ],
    });
  });

  test.for<[what: string, reason: string, args: string[]]>([
    ["a payload that is no JSON", "USAGE", ["sum", "--payload", "{oops"]],
    ["an option out of range", "FIELD_INVALID", ["sum", "--delay", "soon"]],
    ["a task id that cannot be", "FIELD_INVALID", ["x".repeat(300)]],
    ["a wrong API key", "API_KEY_INVALID", ["sum", "--api-key", "wl_dev_wrong"]],
  ])("refuses %s: exit code 2", async ([, reason, args]) => {
    const { exitCode, value } = await windlassJson("trigger", "--wait", ...args);
    expect(exitCode).toBe(2);
    expect(value).toMatchObject({ error: { reason } });
  });

  test("says that a cluster cannot be reached: exit code 3", async () => {
    const args = ["trigger", "sum", "--url", "127.0.0.1:1", "--timeout", "1"];
    expect(await windlassJson(...args)).toMatchObject({ exitCode: 3, value: { error: { reason: "NOT_READY" } } });
  });
});

describe("runs", () => {
  let runId: string;
  beforeEach(async () => {
    runId = await trigger("patient", "--tag", "cli-test");
  });

  test("list finds runs by status, task and tag, at most --limit", async () => {
    await cluster.client().runs.cancelRun({ runId });
    const args = ["runs", "list", "--task", "patient", "--tag", "cli-test", "--limit", "1"];
    const { exitCode, value } = await windlassJson(...args);
    expect(exitCode).toBe(0);
    expect(value.runs).toMatchObject([{ id: runId, task: "patient", tags: ["cli-test"] }]);
    expect((await windlassJson("runs", "list", "--tag", "nobody-has-this")).value).toEqual({
      runs: [],
      hasMore: false,
    });
    expect((await windlassJson("runs", "list", "--status", "expired")).value).toEqual({ runs: [], hasMore: false });
    expect((await windlass("runs", "list", "--limit", "3")).stdout).toMatch(/^ID +STATUS +TASK.*\n(run_.*\n){3}$/);
  });

  test("watch follows a run to its end, cancel --wait ends it, get and logs read it afterwards", async () => {
    const watching = startWindlass(["runs", "watch", runId, "--json"], cluster);
    await watching.waitForOutput(/"message":"waiting"/);
    const canceled = await windlassJson("runs", "cancel", runId, "--reason", "enough", "--wait");
    expect(canceled).toMatchObject({ exitCode: 0, value: { id: runId, status: "CANCELED", cancelReason: "enough" } });
    expect(await watching.exitCode).toBe(1);
    const events = watching.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; status?: string });
    expect(events.at(-1)).toMatchObject({ type: "status", status: "CANCELED" });
    expect(events).toContainEqual(expect.objectContaining({ type: "cancel", phase: "requested", reason: "enough" }));

    const { value } = await windlassJson("runs", "get", runId);
    expect(value).toMatchObject({ id: runId, task: "patient", status: "CANCELED", attemptCount: 1 });
    expect(value.events).toHaveLength(events.length);
    expect((await windlass("runs", "logs", runId)).stdout).toMatch(/^\S+ {2}info {3}waiting\n$/);
    expect((await windlass("runs", "get", runId)).stdout).toMatch(/status +CANCELED\n/);
  });

  test("get shows a run that is not over, and Ctrl-C on watch cancels nothing", async () => {
    const watching = startWindlass(["runs", "watch", runId], cluster);
    await watching.waitForOutput(/waiting/);
    watching.signal("SIGINT");
    expect(await watching.exitCode).toBe(130);
    expect((await windlassJson("runs", "get", runId)).value).toMatchObject({ status: "EXECUTING", output: null });
    await cluster.client().runs.cancelRun({ runId });
  });

  test("replay makes the same run again, with another payload if one is given", async () => {
    await cluster.client().runs.cancelRun({ runId });
    const first = await trigger("sum", "--payload", '{"numbers":[4]}', "--wait");
    const again = await windlassJson("runs", "replay", first, "--wait");
    expect(again).toMatchObject({ exitCode: 0, value: { task: "sum", status: "COMPLETED", output: { sum: 4 } } });
    const other = await windlassJson("runs", "replay", first, "--payload", '{"numbers":[5,5]}', "--wait");
    expect(other).toMatchObject({ exitCode: 0, value: { output: { sum: 10 } } });
  });

  test("a run that does not exist is a wrong request: exit code 2", async () => {
    await cluster.client().runs.cancelRun({ runId });
    for (const command of ["get", "watch", "logs", "cancel", "replay"]) {
      const result = await windlassJson("runs", command, "run_00000000000000000000000000");
      expect({ command, ...result }).toMatchObject({
        command,
        exitCode: 2,
        value: { error: { reason: "RUN_NOT_FOUND" } },
      });
    }
  });
});

describe("env", () => {
  test("set, list and unset the variables of the environment; values are shown when asked for", async () => {
    await using folder = await scratch({ ".env": "FROM_FILE='a b'\n" });
    expect(await windlassJson("env", "set", "CLI_TOKEN=a=b")).toMatchObject({ value: { set: ["CLI_TOKEN"] } });
    const imported = await windlassJson("env", "import", path.join(folder.path, ".env"), "--plain");
    expect(imported).toMatchObject({ exitCode: 0, value: { set: ["FROM_FILE"] } });
    expect((await windlass("env", "list")).stdout).toBe("CLI_TOKEN  secret\nFROM_FILE  plain\n");
    expect((await windlass("env", "get", "CLI_TOKEN")).stdout).toBe("a=b\n");
    expect((await windlassJson("env", "list", "--values")).value).toEqual({
      variables: [
        { name: "CLI_TOKEN", value: "a=b", isSecret: true },
        { name: "FROM_FILE", value: "a b", isSecret: false },
      ],
    });
    expect(await windlassJson("env", "unset", "CLI_TOKEN", "FROM_FILE", "NEVER_SET")).toMatchObject({ exitCode: 0 });
    expect((await windlassJson("env", "list")).value).toEqual({ variables: [] });
    expect(await windlassJson("env", "set", "WINDLASS_X=1")).toMatchObject({
      exitCode: 2,
      value: { error: { reason: "FIELD_INVALID" } },
    });
  });
});

describe("tokens", () => {
  test("get shows a token, complete gives it its data", async () => {
    const { token } = await cluster.client().waitpoints.createToken({});
    const id = token?.id ?? "";
    expect((await windlassJson("tokens", "get", id)).value).toMatchObject({ id, status: "WAITING" });
    const completed = await windlassJson("tokens", "complete", id, "--data", '{"approved":true}');
    expect(completed).toMatchObject({ exitCode: 0, value: { status: "COMPLETED", output: { approved: true } } });
    expect(await windlassJson("tokens", "get", "token_00000000000000000000000000")).toMatchObject({ exitCode: 2 });
  });
});

describe("dev", () => {
  const greet = (answer: string) => `import { task } from "@windlass/sdk";
    export const greet = task({ id: "greet", run: async () => { console.log("greeting"); return ${JSON.stringify(answer)}; } });`;

  test("every change is a version, mistakes leave the last one, runs are shown, and Ctrl-C leaves nothing", async () => {
    await using folder = await scratch({ "greet.ts": greet("one") });
    const change = (content: string) => writeFile(path.join(folder.path, "greet.ts"), content);
    const dev = startWindlass(["dev", "--dir", folder.path, "--json"], cluster);
    const lines = () =>
      dev.stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { type: string; version?: string; message?: string });
    const versions = () => lines().filter(({ type }) => type === "version");
    const errors = () => lines().filter(({ type }) => type === "error");
    const nth = <T>(what: string, list: () => T[], count: number) =>
      waitFor(what, () => (list().length >= count ? list().at(-1) : undefined)).catch((cause: unknown) => {
        throw new Error(`${what}: not among\n${dev.stdout}\n${dev.stderr}`, { cause });
      });

    await nth("the first version", versions, 1);
    expect((await windlassJson("trigger", "greet", "--wait")).value).toMatchObject({ output: "one" });
    await dev.waitForOutput(/"task":"greet","event":\{[^\n]*"message":"greeting"/);
    await dev.waitForOutput(/"task":"greet","event":\{[^\n]*"status":"COMPLETED"/);

    await change(greet("two"));
    const second = await nth("the second version", versions, 2);
    expect((await windlassJson("trigger", "greet", "--wait")).value).toMatchObject({ output: "two" });

    await change("export const greet = ;");
    expect((await nth("the syntax error", errors, 1)).message).toMatch(/greet\.ts:1:\d+/);
    await change("throw new Error('import goes wrong')");
    expect((await nth("the import error", errors, 2)).message).toMatch(/import goes wrong\n[\s\S]*greet\.ts/);
    expect((await windlassJson("tasks")).value).toMatchObject({ version: second.version });

    await change(greet("two"));
    await dev.waitForOutput(/"type":"unchanged"/);
    await writeFile(path.join(folder.path, "other.ts"), greet("other"));
    const duplicate = await nth("the duplicate id", errors, 3);
    expect(duplicate.message).toContain("greet.ts");
    expect(duplicate.message).toContain("other.ts");
    await rm(path.join(folder.path, "other.ts"));

    const waiting = await trigger("patient", "--delay", "1h");
    dev.signal("SIGINT");
    expect(await dev.exitCode).toBe(0);
    expect(dev.stderr).toContain("its runs go on");
    expect((await windlassJson("runs", "get", waiting)).value).toMatchObject({ status: "DELAYED" });
    await cluster.client().runs.cancelRun({ runId: waiting });
    expect(listProcesses().filter(({ traces }) => traces.includes(folder.path))).toEqual([]);
  });

  test("Ctrl-C while tasks are being loaded leaves no process", async () => {
    await using folder = await scratch({ "stuck.ts": "for (;;);" });
    const dev = startWindlass(["dev", "--dir", folder.path], cluster);
    const child = () => listProcesses().filter(({ parentPid }) => parentPid === dev.pid);
    const [loading] = await waitFor("the process that loads them", () => (child().length > 0 ? child() : undefined));
    dev.signal("SIGINT");
    expect(await dev.exitCode).toBe(0);
    expect(listProcesses().some(({ pid }) => pid === loading?.pid)).toBe(false);
  });

  test("refuses an environment that is not for development, unless told otherwise", async () => {
    const admin = cluster.client(cluster.secrets.adminToken);
    const production = await admin.environments.createEnvironment({ slug: "cli-prod", type: 3, project: "local" });
    const args = ["dev", "--dir", taskFolder, "--api-key", production.apiKey];
    const refused = await windlass(...args);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--any-environment") });
    const allowed = startWindlass([...args, "--any-environment"], cluster);
    await allowed.waitForOutput(/version \d{8}\.1/);
    allowed.signal("SIGTERM");
    expect(await allowed.exitCode).toBe(0);
  });
});

describe("doctor", () => {
  test("finds a cluster that works in order: exit code 0", async () => {
    const { exitCode, value } = await windlassJson("doctor");
    expect({ exitCode, value }).toMatchObject({ exitCode: 0, value: { isHealthy: true } });
    expect(value.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "versions",
        "configuration",
        "cluster",
        "health",
        "clock",
        "API key",
        "deployment",
        "runs",
      ]),
    );
  });

  test("says how to mend a cluster that is down: exit code 1", async () => {
    const { exitCode, value } = await windlassJson("doctor", "--url", "127.0.0.1:1");
    expect(exitCode).toBe(1);
    expect(value.checks.at(-1)).toMatchObject({
      name: "cluster",
      status: "wrong",
      mend: expect.stringContaining("npm start"),
    });
  });

  test("says that an API key is wrong: exit code 1", async () => {
    const { exitCode, value } = await windlassJson("doctor", "--api-key", "wl_dev_wrong");
    expect(exitCode).toBe(1);
    expect(value.checks.at(-1)).toMatchObject({
      name: "API key",
      status: "wrong",
      mend: expect.stringContaining("--api-key"),
    });
  });
});

/** A folder that is gone with its test. */
async function scratch(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-cli-"));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
