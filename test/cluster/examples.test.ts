import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { repositoryDirectory } from "@windlass/local";
import { configure, type RunSnapshot, runs, schedules, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { follow, greet, triggerHelloWorld } from "../../sdk-ts/examples/05-trigger.ts";
import { replayFailed, sooner, triggerSome } from "../../sdk-ts/examples/13-trigger-options.ts";
import { asDeclared, notify, startCallingSlowly, stopCalling } from "../../sdk-ts/examples/14-queues.ts";
import { pauseReminders, remindDaily } from "../../sdk-ts/examples/15-schedules.ts";
import { documentChanged, indexSoonOrNever } from "../../sdk-ts/examples/16-debounce.ts";
import { progress, sendNewsletter } from "../../sdk-ts/examples/17-batches.ts";
import { checkInvariants, startCluster, type TestCluster, waitFor } from "../kit/index.ts";

const directory = path.join(repositoryDirectory, "sdk-ts/examples");
let cluster: TestCluster;

beforeAll(async () => {
  vi.spyOn(console, "log").mockReturnValue(); // programs among the examples print
  cluster = await startCluster({ workers: 4 });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(directory);
});

afterAll(async () => {
  vi.restoreAllMocks();
  await cluster.end();
});

/** Triggers a task and waits for the end of its run. */
async function play(taskId: string, payload: unknown): Promise<RunSnapshot> {
  const handle = await tasks.trigger(taskId, payload);
  await runs.poll(handle);
  return await runs.retrieve(handle);
}

const completed = (output: unknown) => ({ status: "COMPLETED", output });

async function logsOf({ id }: { readonly id: string }): Promise<string[]> {
  const events = await Array.fromAsync(runs.subscribeToEvents(id));
  return events.flatMap((event) => (event.type === "log" ? [event.message] : []));
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  "01-hello-world.ts": async () => {
    const run = await play("hello-world", { message: "Hello world!" });
    expect(run.status).toBe("COMPLETED");
    expect(await logsOf(run)).toEqual(["Hello world!"]);
  },
  "02-hooks.ts": async () => {
    const run = await play("with-hooks", { name: "Ada" });
    expect(run).toMatchObject(completed("Hello Ada!"));
    expect(await logsOf(run)).toEqual([
      "init of attempt 1",
      "onStart of with-hooks",
      "run",
      "onSuccess: Hello Ada!",
      "onComplete: it worked",
      "cleanup",
    ]);
  },
  "03-retries.ts": async () => {
    expect(await play("with-retries", { failures: 2 })).toMatchObject(completed({ attempts: 3 }));
    const givenUp = { status: "FAILED", attemptCount: 1, error: { message: "this cannot work" } };
    expect(await play("with-retries", { failures: 0, giveUp: true })).toMatchObject(givenUp);
  },
  "04-cancel.ts": async () => {
    const { id } = await tasks.trigger("cancelable", { seconds: 600 });
    for await (const event of runs.subscribeToEvents(id)) if (event.type === "log") break;
    await runs.cancel(id);
    expect(await runs.poll(id)).toMatchObject({ status: "CANCELED", output: { finished: false } });
    expect(await logsOf({ id })).toEqual(["working for 600 s", "canceled"]);
  },
  "05-trigger.ts": async () => {
    await triggerHelloWorld();
    expect(await greet("Grace")).toBe("Hello Grace!");
    await follow((await play("hello-world", { message: "followed" })).id);
  },
  "06-schema.ts": async () => {
    const payload = { to: ["ada@example.com"], on: "2026-12-24T00:00:00Z" };
    const letters = ["ada@example.com: 1 seat(s) on 2026-12-24"];
    expect(await play("invite", payload)).toMatchObject(completed({ letters }));
    const refused = await play("invite", { ...payload, to: ["nobody"] });
    expect(refused).toMatchObject({ status: "FAILED", error: { code: "TASK_INPUT_ERROR" } });
    expect(refused.error?.message).toContain("to[0]");
  },
  "07-middleware-and-locals.ts": async () => {
    const run = await play("with-connection", { rows: 2 });
    expect(run).toMatchObject(completed({ queries: 4 }));
    expect(await logsOf(run)).toEqual(["connection closed"]);
  },
  "08-config": async () => {
    const { environments } = cluster.client(cluster.secrets.adminToken);
    const { apiKey } = await environments.createEnvironment({ slug: "config", type: 1, project: "proj_example" });
    await deploy(path.join(directory, "08-config"), { url: cluster.url, apiKey });
    const other = cluster.client(apiKey);
    const payload = { data: Buffer.from('{"rows":4}'), contentType: "application/json" };
    const { run } = await other.tasks.triggerTask({ trigger: { requestId: "report", taskId: "report", payload } });
    const ended = await waitFor("the report", async () => {
      const answer = await other.runs.getRun({ runId: run?.runId ?? "" });
      return answer.run?.finishTime === undefined ? undefined : answer.run;
    });
    expect(ended).toMatchObject({ maxAttempts: 5, queue: "reports" });
    expect(Buffer.from(ended.output?.data ?? []).toString()).toBe('{"sum":6}');
  },
  "09-waiting.ts": async () => {
    const [reminder, approved, rejected] = await Promise.all([
      play("reminder", { text: "tea", seconds: 6 }),
      play("approval", { amount: 50 }),
      play("approval", { amount: 500 }),
    ]);
    expect(reminder).toMatchObject(completed({ text: "tea", waitedMs: expect.any(Number) }));
    expect((reminder.output as { waitedMs: number }).waitedMs).toBeGreaterThanOrEqual(6_000);
    expect(await logsOf(reminder)).toEqual(["suspended", "resumed"]);
    expect(approved).toMatchObject(completed("approved"));
    expect(rejected).toMatchObject(completed("rejected"));
  },
  "10-subtasks.ts": async () => {
    const run = await play("count-all", { title: "two words", chapters: ["one two three", ""] });
    expect(run).toMatchObject(completed({ title: 2, chapters: [3, 0], failed: [expect.stringMatching(/^run_/)] }));
  },
  "11-retry-a-block.ts": async () => {
    expect(await play("flaky", { failures: 2 })).toMatchObject(completed({ tries: 3 }));
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(requests === 1 ? 503 : 200).end("the file");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const run = await play("download", { url: `http://127.0.0.1:${port}/` });
      expect(run).toMatchObject(completed({ status: 200, bytes: 8 }));
      expect(requests).toBe(2);
    } finally {
      server.close();
    }
  },
  "12-metadata-and-tags.ts": async () => {
    const metadata = { total: 3, done: 3, skipped: [1] };
    const run = await play("import-rows", { rows: ["a", "", "b"] });
    expect(run).toMatchObject({ ...completed({ metadata, tookMs: expect.any(Number) }), metadata, tags: ["rows-3"] });
  },
  "13-trigger-options.ts": async () => {
    const placed = await play("order-placed", { orderId: "o-1" });
    expect(placed).toMatchObject(completed({ sameRun: true, isCached: true }));
    const [survey] = await Array.fromAsync(runs.list({ tag: "survey" }));
    expect(survey).toMatchObject({ status: "DELAYED", taskIdentifier: "hello-world" });
    const dueInMs = ((await sooner(survey?.id ?? ""))?.getTime() ?? 0) - Date.now();
    expect(dueInMs).toBeGreaterThan(9 * 60_000);
    expect(dueInMs).toBeLessThan(11 * 60_000);
    await runs.cancel(survey?.id ?? "");
    await replayFailed();
    const batchId = await triggerSome();
    const both = await Array.fromAsync(runs.list({ batch: batchId }));
    const ended = await Promise.all(both.map((run) => runs.poll(run.id)));
    expect(ended.map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED"]);
  },
  "14-queues.ts": async () => {
    expect(await play("update-ledger", { amount: 3 })).toMatchObject(completed(3));
    await stopCalling();
    const held = await notify("customer-1", "https://example.com/", true);
    expect((await runs.retrieve(held)).hold).toMatchObject({ reason: "QUEUE_PAUSED" });
    await startCallingSlowly();
    expect(await runs.poll(held)).toMatchObject(completed("called https://example.com/"));
    await asDeclared();
  },
  "15-schedules.ts": async () => {
    const next = await remindDaily("ada", 7, "Europe/Berlin");
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    const tick = { externalId: "ada", timezone: "Europe/Berlin", timestamp: new Date("2026-12-24T06:00:00Z") };
    expect(await play("daily-reminder", tick)).toMatchObject(completed("ada: it is 7:00:00 AM"));
    await pauseReminders("ada");
    const [paused] = await Array.fromAsync(schedules.list({ task: "daily-reminder" }));
    expect(paused).toMatchObject({ active: false, externalId: "ada" });
  },
  "16-debounce.ts": async () => {
    const first = await documentChanged("d-1", "a");
    expect(await documentChanged("d-1", "abc")).toBe(first);
    await indexSoonOrNever("d-2", "text");
    expect(await runs.poll(first)).toMatchObject(completed(3));
  },
  "17-batches.ts": async () => {
    const items = ["ada", "grace"].map((address) => ({ payload: { address } }));
    const { batchId, runs: handles } = await sendNewsletter.batchTrigger(items);
    await Promise.all(handles.map((handle) => runs.poll(handle)));
    expect(await progress(batchId)).toBe("2 of 2, 0 not well");
  },
};

test("every example has a case here", () => {
  expect(Object.keys(cases)).toEqual(readdirSync(directory).toSorted());
});

describe.concurrent("deployed to a cluster and triggered, an example does what it says", () => {
  // oxlint-disable-next-line vitest/expect-expect -- each case does
  test.each(Object.entries(cases))("%s", (_name, run) => run());
});

test("and what they leave behind keeps every invariant", async () => {
  expect(await checkInvariants(cluster.database)).toEqual([]);
});
