import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { HookOutcome, HookScope, RunErrorCode, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { createTaskFolder } from "../testing/task-folder.ts";
import { EXIT } from "./exit-code.ts";
import { runInProcess } from "./testing/run-in-process.ts";
import { EndedEarly } from "./signals.ts";

let cluster: TestCluster;
let connection: string[];

beforeEach(async () => {
  cluster = await TestCluster.start();
  connection = ["--url", cluster.url, "--api-key", API_KEY];
});

afterEach(() => {
  cluster.kill();
  vi.unstubAllEnvs();
});

function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

/** Ends the run as soon as it is there. */
async function endFirstRun(changes: Parameters<TestCluster["change"]>[1]): Promise<void> {
  await vi.waitFor(() => expect(cluster.runs.size).toBe(1));
  cluster.change("run_1", changes);
}

describe("every command", () => {
  const COMMANDS = [
    [],
    ["init"],
    ["dev"],
    ["deploy"],
    ["deployments", "list"],
    ["promote"],
    ["rollback"],
    ["tasks"],
    ["trigger"],
    ["runs"],
    ["runs", "list"],
    ["runs", "get"],
    ["runs", "watch"],
    ["runs", "cancel"],
    ["runs", "replay"],
    ["runs", "logs"],
    ["batches", "get"],
    ["queues", "list"],
    ["queues", "get"],
    ["queues", "pause"],
    ["queues", "resume"],
    ["queues", "limit"],
    ["queues", "reset"],
    ["schedules", "list"],
    ["schedules", "get"],
    ["schedules", "create"],
    ["schedules", "update"],
    ["schedules", "delete"],
    ["schedules", "activate"],
    ["schedules", "deactivate"],
    ["env", "list"],
    ["env", "get"],
    ["env", "import"],
    ["env", "limit"],
    ["env", "set"],
    ["env", "unset"],
    ["tokens", "get"],
    ["tokens", "complete"],
    ["doctor"],
  ];

  it.each(COMMANDS.map((command) => ({ command, name: command.join(" ") })))(
    "says with --help how it is used: windlass $name",
    async ({ command }) => {
      const { exitCode, stdout, stderr } = await runInProcess([...command, "--help"]);
      expect(exitCode).toBe(EXIT.ok);
      expect(stdout).toMatch(/\n(Examples|Commands):\n/);
      expect(stdout).toContain(`Usage: windlass ${command.join(" ")}`.trimEnd());
      expect(stderr).toBe("");
    },
  );

  it.each([
    { what: "an unknown command", args: ["bogus"] },
    { what: "an unknown option", args: ["trigger", "hello", "--bogus"] },
    { what: "a missing argument", args: ["trigger"] },
    { what: "a number out of range", args: ["trigger", "hello", "--max-attempts", "0"] },
    { what: "no number at all", args: ["runs", "list", "--limit", "many"] },
    { what: "a status that does not exist", args: ["runs", "list", "--status", "sleeping"] },
    { what: "a moment that is none", args: ["runs", "list", "--from", "yesterday"] },
    { what: "a machine that does not exist", args: ["trigger", "hello", "--machine", "huge"] },
    { what: "a variable without a value", args: ["env", "set", "NAME"] },
    { what: "nothing to set", args: ["env", "set"] },
    { what: "a secret that is none", args: ["env", "set", "A=b", "--secret", "--plain"] },
    { what: "two values in one standard input", args: ["env", "set", "A", "B", "--stdin"] },
    { what: "a file of variables that does not exist", args: ["env", "import", "/nowhere/at/all"] },
    { what: "a limit that is none", args: ["queues", "limit", "emails", "-1"] },
    { what: "an environment's limit that is none", args: ["env", "limit", "many"] },
    { what: "a schedule without a cron expression", args: ["schedules", "create", "report", "--key", "k"] },
    { what: "nothing to change", args: ["schedules", "update", "sched_1"] },
    { what: "a task folder that does not exist", args: ["deploy", "--dir", "/nowhere/at/all"] },
    { what: "metadata that is no object", args: ["trigger", "hello", "--metadata", "[1]"] },
  ])("refuses $what: exit code 2, words on stderr, and with --json one value on stdout", async ({ args }) => {
    const words = await runInProcess(args);
    expect(words).toMatchObject({
      exitCode: EXIT.wrongRequest,
      stdout: "",
      stderr: expect.stringContaining("error: "),
    });
    const { exitCode, ...result } = await runInProcess([...args, "--json"]);
    expect(exitCode).toBe(EXIT.wrongRequest);
    expect(result.json()).toEqual({ error: { reason: "USAGE", message: expect.any(String) } });
    expect(cluster.runs.size).toBe(0);
  });

  it("says what to give when nobody has said which cluster", async () => {
    for (const name of ["WINDLASS_URL", "WINDLASS_API_KEY", "TRIGGER_API_URL", "TRIGGER_SECRET_KEY"]) {
      vi.stubEnv(name, undefined);
    }
    const { exitCode, stderr } = await runInProcess(["trigger", "hello"]);
    expect(exitCode).toBe(EXIT.wrongRequest);
    expect(stderr).toContain("Give --url and --api-key, or set WINDLASS_URL and WINDLASS_API_KEY.");
  });

  it("takes the cluster from the environment", async () => {
    vi.stubEnv("WINDLASS_URL", cluster.url);
    vi.stubEnv("WINDLASS_API_KEY", API_KEY);
    expect((await runInProcess(["trigger", "hello", "--json"])).json()).toEqual({
      id: "run_1",
      task: "hello",
      isCached: false,
    });
  });

  it("tells a wrong API key (2) from a cluster that does not answer (3)", async () => {
    const wrong = await runInProcess(["trigger", "hello", "--json", "--url", cluster.url, "--api-key", "wl_wrong"]);
    expect(wrong.exitCode).toBe(EXIT.wrongRequest);
    expect(wrong.json()).toMatchObject({
      error: { reason: "API_KEY_INVALID", hint: expect.stringContaining("--api-key") },
    });
    cluster.kill();
    const away = await runInProcess(["runs", "get", "run_1", "--json", "--timeout", "0.3", ...connection]);
    expect(away.exitCode).toBe(EXIT.unreachable);
    expect(away.json()).toMatchObject({
      error: { reason: "NOT_READY", hint: expect.stringContaining("windlass doctor") },
    });
  });

  it("has a place in the documentation", async () => {
    const { readFile } = await import("node:fs/promises");
    const docs = await readFile(new URL("../../docs/cli.md", import.meta.url), "utf8");
    for (const command of COMMANDS) expect(docs).toContain(`windlass ${command.join(" ")}`.trimEnd());
    for (const code of Object.values(EXIT)) expect(docs).toMatch(new RegExp(`\\| +${code} +\\|`));
  });
});

describe("trigger", () => {
  it("prints the run's id, and nothing else on stdout", async () => {
    const { exitCode, stdout, stderr } = await runInProcess(["trigger", "hello", ...connection]);
    expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.ok, stdout: "run_1\n" });
    expect(stderr).toContain("windlass runs watch run_1");
  });

  it("takes a payload as JSON, from a file, or from standard input", async () => {
    await using folder = await createTaskFolder({ "payload.json": '\uFEFF{"from":"file"}' });
    await runInProcess(["trigger", "hello", "--payload", '{"from":"flag"}', ...connection]);
    await runInProcess(["trigger", "hello", "--payload", `@${folder.path}/payload.json`, ...connection]);
    await runInProcess(["trigger", "hello", "--payload", "-", ...connection], { stdin: '{"from":"stdin"}' });
    await runInProcess(["trigger", "hello", ...connection]);
    const payloads = cluster.triggerMessages.flat().map(({ payload }) => Buffer.from(payload!.data).toString());
    expect(payloads).toEqual(['{"from":"flag"}', '{"from":"file"}', '{"from":"stdin"}', ""]);
  });

  it.each([
    { what: "is no JSON", payload: "{oops", message: "--payload: the value is not JSON" },
    { what: "is in a file that is not there", payload: "@/nowhere.json", message: "/nowhere.json cannot be read" },
    { what: "is empty", payload: "-", message: "standard input is empty" },
  ])("refuses a payload that $what", async ({ payload, message }) => {
    const { exitCode, stderr } = await runInProcess(["trigger", "hello", "--payload", payload, ...connection]);
    expect(exitCode).toBe(EXIT.wrongRequest);
    expect(stderr).toContain(message);
  });

  it("refuses more standard input than a payload may have", async () => {
    const stdin = JSON.stringify("x".repeat(3 * 1024 * 1024));
    const { exitCode, stderr } = await runInProcess(["trigger", "hello", "--payload", "-", ...connection], { stdin });
    expect(exitCode).toBe(EXIT.wrongRequest);
    expect(stderr).toContain("more than 3,145,728 bytes");
  });

  it("hands every flag on as the option of its name", async () => {
    const flags =
      "--tag a --tag b,c --queue q/1 --max-attempts 5 --test --idempotency-key k --idempotency-key-ttl 1h --concurrency-key c --priority 10 " +
      '--max-duration 60 --machine small-2x --ttl 10m --metadata {"step":1} --delay 2099-01-31T09:00:00Z';
    const { exitCode, stderr } = await runInProcess(["trigger", "hello", ...flags.split(" "), ...connection]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: EXIT.ok });
    const [trigger] = cluster.triggerMessages.flat();
    expect(trigger).toMatchObject({ tags: ["a", "b,c"], queue: "q/1", maxAttempts: 5, isTest: true });
    expect(trigger!.options).toMatchObject({
      idempotencyKey: "k",
      idempotencyKeyTtl: { seconds: 3_600n },
      concurrencyKey: "c",
      priority: 10,
      maxDurationSeconds: 60,
      machine: "small-2x",
      ttl: { seconds: 600n },
      startTime: { seconds: BigInt(Date.parse("2099-01-31T09:00:00Z") / 1_000) },
    });
    expect(Buffer.from(trigger!.options!.metadata!.data).toString()).toBe('{"step":1}');
  });

  it("names the option that is out of range", async () => {
    const result = await runInProcess(["trigger", "hello", "--delay", "soon", "--json", ...connection]);
    expect(result.exitCode).toBe(EXIT.wrongRequest);
    expect(result.json()).toMatchObject({
      error: { reason: "FIELD_INVALID", violations: [{ field: "options.delay" }] },
    });
  });
});

describe("trigger --wait", () => {
  it("exits 0 when the run is COMPLETED, and prints it as one JSON object", async () => {
    const running = runInProcess(["trigger", "hello", "--wait", "--json", ...connection]);
    await endFirstRun({ status: RunStatus.COMPLETED, output: json({ length: 5 }), attemptNumber: 1 });
    const { exitCode, ...result } = await running;
    expect(exitCode).toBe(EXIT.ok);
    expect(result.json()).toMatchObject({
      id: "run_1",
      task: "hello",
      status: "COMPLETED",
      output: { length: 5 },
      error: null,
      attemptCount: 1,
      attempts: [],
      hooks: [],
      events: [
        { seq: 1, type: "status", status: "QUEUED" },
        { seq: 2, type: "status", status: "COMPLETED" },
      ],
      isTimelineCut: false,
    });
  });

  it.each(["FAILED", "CANCELED"] as const)("exits 1 when the run is %s", async (status) => {
    const running = runInProcess(["trigger", "hello", "--wait", "--json", ...connection]);
    const error = { code: RunErrorCode.TASK_ERROR, name: "TypeError", message: "boom" };
    await endFirstRun({ status: RunStatus[status], error });
    const { exitCode, ...result } = await running;
    expect(exitCode).toBe(EXIT.endedBadly);
    expect(result.json()).toMatchObject({ status, error: { code: "TASK_ERROR", name: "TypeError", message: "boom" } });
  });

  it("shows the timeline as it comes, and then how it ended", async () => {
    const running = runInProcess(["trigger", "hello", "--wait", ...connection]);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(1));
    cluster.tell("run_1", { body: { case: "log", value: { level: 3, message: "step \u001b[31mone" } } });
    await endFirstRun({ status: RunStatus.COMPLETED, output: json("done") });
    const { stdout } = await running;
    expect(stdout).toMatch(/QUEUED\n.*info {3}step \\x1b\[31mone\n.*COMPLETED\nCOMPLETED {2}"done"\n$/);
  });

  it("says that the run goes on when it is ended early, with exit code 130", async () => {
    const controller = new AbortController();
    const running = runInProcess(["trigger", "hello", "--wait", ...connection], { signal: controller.signal });
    await vi.waitFor(() => expect(cluster.streams.watches).toBe(1));
    controller.abort(new EndedEarly("SIGINT", EXIT.interrupted));
    const { exitCode, stderr } = await running;
    expect(exitCode).toBe(EXIT.interrupted);
    expect(stderr).toContain("the run goes on");
    expect(cluster.runs.get("run_1")?.status).toBe(RunStatus.QUEUED);
  });
});

describe("runs", () => {
  beforeEach(async () => {
    await runInProcess(["trigger", "hello", "--payload", '"x"', ...connection]);
  });

  it("get prints a run that is not over as it is now", async () => {
    const { exitCode, ...result } = await runInProcess(["runs", "get", "run_1", "--json", ...connection]);
    expect(exitCode).toBe(EXIT.ok);
    expect(result.json()).toMatchObject({
      id: "run_1",
      status: "QUEUED",
      payload: "x",
      output: null,
      error: null,
      events: [{ status: "QUEUED" }],
    });
  });

  it("get tells the hooks from the timeline", async () => {
    const value = {
      hook: "onStart",
      scope: HookScope.GLOBAL,
      name: "log",
      attemptNumber: 1,
      outcome: HookOutcome.IGNORED,
    };
    cluster.tell("run_1", { body: { case: "hookResult", value: { ...value, duration: durationFromMs(2) } } });
    cluster.change("run_1", { status: RunStatus.COMPLETED });
    const result = await runInProcess(["runs", "get", "run_1", "--json", ...connection]);
    expect(result.json()).toMatchObject({
      hooks: [{ hook: "onStart", scope: "global", name: "log", attempt: 1, outcome: "ignored", durationMs: 2 }],
    });
    const { stdout } = await runInProcess(["runs", "get", "run_1", ...connection]);
    expect(stdout).toMatch(/onStart {2}global {2}log {2}attempt 1 {2}ignored {2}2 ms/);
  });

  it("watch prints a line of JSON for every entry, and exits by how the run ended", async () => {
    const running = runInProcess(["runs", "watch", "run_1", "--json", ...connection]);
    await vi.waitFor(() => expect(cluster.streams.watches).toBe(1));
    cluster.change("run_1", { status: RunStatus.FAILED });
    const { exitCode, ...result } = await running;
    expect(exitCode).toBe(EXIT.endedBadly);
    expect(result.jsonLines()).toMatchObject([{ status: "QUEUED" }, { status: "FAILED" }]);
  });

  it("logs prints what was logged, all lines of it", async () => {
    cluster.tell("run_1", {
      body: { case: "log", value: { level: 5, message: "one\ntwo", attributesJson: '{"a":1}' } },
    });
    const words = await runInProcess(["runs", "logs", "run_1", ...connection]);
    expect(words.stdout).toMatch(/error {2}one\n {21}two {2}\{"a":1\}\n$/);
    const lines = await runInProcess(["runs", "logs", "run_1", "--json", ...connection]);
    expect(lines.jsonLines()).toMatchObject([
      { type: "log", level: "error", message: "one\ntwo", attributes: { a: 1 } },
    ]);
  });

  it("list selects runs, bounds them, and says whether there are more", async () => {
    for (const tag of ["a", "b", "a"]) await runInProcess(["trigger", "other", "--tag", tag, ...connection]);
    const list = async (...args: string[]) =>
      (await runInProcess(["runs", "list", "--json", ...args, ...connection])).json();
    expect(await list("--tag", "a", "--limit", "1")).toMatchObject({
      runs: [{ id: "run_4", task: "other" }],
      hasMore: true,
    });
    expect(await list("--task", "hello", "--status", "queued,failed")).toMatchObject({
      runs: [{ id: "run_1" }],
      hasMore: false,
    });
    expect(await list("--status", "pending-version")).toEqual({ runs: [], hasMore: false });
    const idsOf = async (...args: string[]) =>
      ((await list(...args)) as { runs: { id: string }[] }).runs.map(({ id }) => id);
    expect(await idsOf("--test")).toEqual([]);
    expect(await idsOf("--no-test", "--queue", "task/hello", "--to", "1970-01-01T00:01Z")).toEqual(["run_1"]);
    expect(await idsOf("--from", "1h")).toEqual([]);
    expect(await idsOf("--task-version", "none", "--schedule", "none")).toEqual([]);
    const { stdout, stderr } = await runInProcess(["runs", "list", "--limit", "2", ...connection]);
    expect(stdout).toMatch(/^ID .*\nrun_4 +QUEUED +other .*a\nrun_3 .*b\n$/);
    expect(stderr).toContain("--limit shows more");
  });

  it("replay makes a new run with the same payload, or another", async () => {
    const same = await runInProcess(["runs", "replay", "run_1", "--json", ...connection]);
    expect(same.json()).toEqual({ id: "run_2", task: "hello", replayOf: "run_1" });
    await runInProcess(["runs", "replay", "run_1", "--payload", '"y"', ...connection]);
    const payloads = ["run_2", "run_3"].map((id) => Buffer.from(cluster.runs.get(id)!.payload!.data!).toString());
    expect(payloads).toEqual(['"x"', '"y"']);
  });

  it("cancel gives the reason, and prints the run as it left it", async () => {
    const result = await runInProcess(["runs", "cancel", "run_1", "--reason", "enough", "--json", ...connection]);
    expect(result.exitCode).toBe(EXIT.ok);
    expect(result.json()).toMatchObject({ id: "run_1", status: "CANCELED", cancelReason: "enough" });
  });

  it.each(["get", "watch", "logs", "cancel"])("%s says that there is no such run", async (command) => {
    const result = await runInProcess(["runs", command, "run_none", "--json", ...connection]);
    expect(result.exitCode).toBe(EXIT.wrongRequest);
    expect(result.json()).toMatchObject({ error: { reason: "RUN_NOT_FOUND" } });
  });
});

describe("init", () => {
  it("makes what is missing, and never overwrites", async () => {
    await using folder = await createTaskFolder({ "tsconfig.json": "mine" });
    const { exitCode, stderr, ...result } = await runInProcess(["init", folder.path, "--json"]);
    expect(exitCode).toBe(EXIT.ok);
    expect(result.json()).toEqual({
      created: ["trigger/hello-world.ts", "windlass.config.ts"],
      kept: ["tsconfig.json"],
    });
    expect(stderr).toContain("erasableSyntaxOnly");
    const again = await runInProcess(["init", folder.path, "--json"]);
    expect(again.json()).toMatchObject({ created: [] });
  });

  it("makes a project that can be bundled, with its task", async () => {
    const { bundle, index } = await import("../build/index.ts");
    await using folder = await createTaskFolder({});
    await runInProcess(["init", folder.path]);
    expect(await index(await bundle(folder.path))).toMatchObject([{ id: "hello-world", retry: { maxAttempts: 3 } }]);
  });
});
