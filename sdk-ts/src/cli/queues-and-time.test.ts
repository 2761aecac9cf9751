import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DebounceMode, HoldReason, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batch } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { EXIT } from "./exit-code.ts";
import { type CliResult, runInProcess } from "./testing/run-in-process.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  cluster.queues.set("emails", { name: "emails", concurrencyLimit: 5, declaredConcurrencyLimit: 5, depth: 3n });
});

afterEach(() => cluster.kill());

function windlass(...args: string[]): Promise<CliResult> {
  return runInProcess([...args, "--url", cluster.url, "--api-key", API_KEY]);
}

describe("queues", () => {
  it("list prints a line for each queue", async () => {
    const { stdout } = await windlass("queues", "list");
    expect(stdout).toMatch(/^QUEUE .*\nemails +3 +0 +5\n$/);
    const json = (await windlass("queues", "list", "--json")).json();
    expect(json).toMatchObject({ queues: [{ id: "emails", queued: 3 }], hasMore: false });
  });

  it("pause, resume, limit and reset change a queue, and print it as it is now", async () => {
    expect((await windlass("queues", "pause", "emails", "--json")).json()).toMatchObject({ paused: true });
    expect((await windlass("queues", "resume", "emails", "--json")).json()).toMatchObject({ paused: false });
    expect((await windlass("queues", "limit", "emails", "0")).stdout).toMatch(/limit +0 \(overrides 5\)/);
    expect((await windlass("queues", "reset", "emails")).stdout).toMatch(/limit +5\n/);
    expect((await windlass("queues", "get", "emails")).stdout).toMatch(/queue +emails\nqueued +3\n/);
  });

  it("that do not exist are a wrong request", async () => {
    const result = await windlass("queues", "get", "nowhere", "--json");
    expect(result.exitCode).toBe(EXIT.wrongRequest);
    expect(result.json()).toMatchObject({ error: { reason: "QUEUE_NOT_FOUND" } });
  });
});

describe("schedules", () => {
  const create = ["schedules", "create", "report", "--cron", "0 9 * * *", "--timezone", "Europe/Berlin", "--key", "k"];

  it("create, get, update and list", async () => {
    const made = (await windlass(...create, "--external-id", "user-1", "--json")).json();
    expect(made).toMatchObject({ id: "sched_1", task: "report", deduplicationKey: "k", externalId: "user-1" });
    const changed = (await windlass("schedules", "update", "sched_1", "--cron", "0 10 * * *", "--json")).json();
    expect(changed).toMatchObject({ cron: "0 10 * * *", timezone: "Europe/Berlin" });
    expect((await windlass("schedules", "get", "sched_1")).stdout).toMatch(
      /timezone +Europe\/Berlin\ncatch up +latest\nactive +yes/,
    );
    expect((await windlass("schedules", "list")).stdout).toMatch(
      /^ID .*\nsched_1 +report +0 10 \* \* \* .*imperative\n$/,
    );
  });

  it("deactivate, activate and delete", async () => {
    await windlass(...create);
    expect((await windlass("schedules", "deactivate", "sched_1", "--json")).json()).toMatchObject({ active: false });
    expect((await windlass("schedules", "activate", "sched_1", "--json")).json()).toMatchObject({ active: true });
    expect((await windlass("schedules", "delete", "sched_1", "--json")).json()).toEqual({ deleted: "sched_1" });
    expect(cluster.schedules.size).toBe(0);
  });

  it("of nonsense name the field, and nothing is sent", async () => {
    const result = await windlass("schedules", "create", "report", "--cron", "often", "--key", "k", "--json");
    expect(result.exitCode).toBe(EXIT.wrongRequest);
    expect(result.json()).toMatchObject({ error: { violations: [{ field: "options.cron" }] } });
    expect(cluster.schedules.size).toBe(0);
  });
});

it("batches get tells how far a batch is, and what was refused", async () => {
  await windlass("runs", "list"); // says which cluster
  const { batchId } = await batch.trigger([{ id: "t" }, { id: "refused" }]);
  cluster.change("run_1", { status: RunStatus.COMPLETED });
  const { stdout } = await windlass("batches", "get", batchId);
  expect(stdout).toMatch(
    /status +COMPLETED\n(.*\n)*completed +1\n(.*\n)*failed items +1\n {2}refused {2}FIELD_INVALID/,
  );
});

it("runs get prints why a run does not execute", async () => {
  await windlass("trigger", "hello");
  const message = 'The queue "emails" executes 5 of 5.';
  const until = timestampFromMs(9_000);
  cluster.holds.set("run_1", { reason: HoldReason.CONCURRENCY_LIMIT, message, runIds: ["run_8", "run_9"], until });
  const { stdout } = await windlass("runs", "get", "run_1");
  expect(stdout).toContain(
    'held      CONCURRENCY_LIMIT: The queue "emails" executes 5 of 5. (until 1970-01-01T00:00:09.000Z; run_8 run_9)\n',
  );
  const json = (await windlass("runs", "get", "run_1", "--json")).json();
  expect(json).toMatchObject({ hold: { reason: "CONCURRENCY_LIMIT", message, runIds: ["run_8", "run_9"] } });
});

it("env limit shows, sets and removes the environment's limit", async () => {
  expect((await windlass("env", "limit", "--json")).json()).toEqual({ environment: "dev", concurrencyLimit: null });
  expect((await windlass("env", "limit", "10")).stdout).toBe("dev  at most 10 at once\n");
  expect(cluster.environment.concurrencyLimit).toBe(10);
  expect((await windlass("env", "limit", "none")).stdout).toBe("dev  without limit\n");
  expect(cluster.environment.concurrencyLimit).toBeUndefined();
});

describe("trigger --debounce-...", () => {
  it("puts off the run of its key, by its delay", async () => {
    const flags = "--debounce-key d-1 --debounce-delay 5s --debounce-mode trailing --debounce-max-delay 1m";
    await windlass("trigger", "index", ...flags.split(" "));
    await windlass("trigger", "index", "--debounce-key", "d-2", "--debounce-delay", "1s");
    const sent = cluster.triggerMessages.flat().map(({ options }) => options?.debounce);
    expect(sent).toMatchObject([
      { key: "d-1", delay: { seconds: 5n }, mode: DebounceMode.TRAILING, maxDelay: { seconds: 60n } },
      { key: "d-2", delay: { seconds: 1n }, mode: DebounceMode.LEADING },
    ]);
  });

  it.each([
    ["--debounce-key", "d-1"],
    ["--debounce-delay", "5s"],
    ["--debounce-mode", "leading"],
    ["--debounce-max-delay", "1m"],
    ["--debounce-mode", "both", "--debounce-key", "d-1", "--debounce-delay", "5s"],
  ])("is a usage error by half, or with another mode: %s %s", async (...flags) => {
    const { exitCode, stderr } = await windlass("trigger", "index", ...flags);
    expect(exitCode).toBe(EXIT.wrongRequest);
    expect(stderr).toMatch(/--debounce-key and --debounce-delay together|Allowed choices are leading, trailing/);
    expect(cluster.runs.size).toBe(0);
  });

  it("names the flag's option that is out of range", async () => {
    const flags = ["--debounce-key", "d-1", "--debounce-delay", "10ms", "--json"];
    const result = await windlass("trigger", "index", ...flags);
    expect(result.exitCode).toBe(EXIT.wrongRequest);
    expect(result.json()).toMatchObject({ error: { violations: [{ field: "options.debounce.delay" }] } });
  });
});
