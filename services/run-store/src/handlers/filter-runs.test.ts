import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunStatus } from "@windlass/proto";
import { beforeAll, describe, expect, it } from "vitest";
import { reasonOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";
import type { TestEnvironment } from "../testing/store-server.ts";
import { deploy } from "../testing/upload.ts";

const { server, seeder, environment } = await shareStoreServer();
let own: TestEnvironment;
/** Oldest first. */
let made: string[];

type Filter = Parameters<TestEnvironment["runs"]["listRuns"]>[0];
/** Which of `made`, newest first. */
const list = async (filter: Filter) => (await own.runs.listRuns(filter)).runs.map(({ id }) => made.indexOf(id));
const sql = (text: string, values: readonly unknown[] = []) => server.postgres.query({ name: "", text }, values);

describe("ListRuns", () => {
  beforeAll(async () => {
    own = await server.createEnvironment();
    await deploy(own, "first", ["hello", "other"]);
    made = [];
    for (let index = 0; index < 8; index += 1) {
      const runId = await seeder.trigger(own.id, {
        taskId: index % 2 === 0 ? "hello" : "other",
        queue: index < 4 ? "mail" : null,
        isTest: index % 4 === 1,
        tags: index === 5 ? ["five"] : [],
      });
      made.push(runId);
      if (index === 6) await deploy(own, "second", ["hello", "other"]);
      if (index >= 6 || index === 0) await seeder.claim(own.id, runId);
      await sql("UPDATE run_contents SET schedule_id = $3, batch_id = $4 WHERE environment_id = $1 AND run_id = $2", [
        own.id,
        runId,
        index > 4 ? "sched_x" : null,
        index > 2 && index < 6 ? "batch_y" : null,
      ]);
    }
  });

  it("filters by queue, also of what waits in it", async () => {
    expect(await list({ queue: "mail" })).toEqual([3, 2, 1, 0]);
    expect(await list({ queue: "task/hello" })).toEqual([6, 4]);
    expect(await list({ queue: "mail", statuses: [RunStatus.QUEUED] })).toEqual([3, 2, 1]);
    expect(await list({ queue: "mail", statuses: [RunStatus.EXECUTING, RunStatus.COMPLETED] })).toEqual([0]);
    expect(await list({ queue: "none" })).toEqual([]);
  });

  it("filters by version: of the runs that have one", async () => {
    const { deployment } = await own.deployments.getCurrentDeployment({});
    const { deployments } = await own.deployments.listDeployments({});
    const [second = "", first = ""] = deployments.map(({ version }) => version);
    expect(second).toBe(deployment?.version);
    expect(await list({ version: second })).toEqual([7, 6]);
    expect(await list({ version: first })).toEqual([0]);
    expect(await list({ version: "20010101.1" })).toEqual([]);
    expect((await own.runs.listRuns({ version: second })).runs.map(({ version }) => version)).toEqual([second, second]);
  });

  it("filters by schedule and by whether it is a test", async () => {
    expect(await list({ scheduleId: "sched_x" })).toEqual([7, 6, 5]);
    expect(await list({ isTest: true })).toEqual([5, 1]);
    expect(await list({ isTest: false })).toEqual([7, 6, 4, 3, 2, 0]);
  });

  it("filters by when a run was triggered, to the microsecond: the first moment is in, the last is out", async () => {
    const { runs } = await own.runs.listRuns({});
    const timeOf = (index: number) => runs.find(({ id }) => id === made[index])?.createTime ?? timestampFromMs(0);
    const [from, to] = [timeOf(2), timeOf(5)];
    expect(await list({ fromTime: from })).toEqual([7, 6, 5, 4, 3, 2]);
    expect(await list({ toTime: to })).toEqual([4, 3, 2, 1, 0]);
    expect(await list({ fromTime: from, toTime: to })).toEqual([4, 3, 2]);
    expect(await list({ fromTime: from, toTime: to, tag: "five" })).toEqual([]);
    expect(await list({ fromTime: to, tag: "five" })).toEqual([5]);
    expect(await list({ fromTime: to, toTime: from })).toEqual([]);
    expect(await list({ fromTime: timestampFromMs(Date.now() + 3_600_000) })).toEqual([]);
  });

  it("takes all filters together", async () => {
    const all = { scheduleId: "sched_x", batchId: "batch_y", isTest: true, queue: "task/other", tag: "five" };
    const more = { taskId: "other", statuses: [RunStatus.QUEUED], fromTime: timestampFromMs(0) };
    expect(await list({ ...all, ...more })).toEqual([5]);
    for (const other of [
      { isTest: false },
      { queue: "mail" },
      { tag: "six" },
      { batchId: "batch_z" },
      { taskId: "no" },
    ])
      expect(await list({ ...all, ...more, ...other })).toEqual([]);
  });

  it("pages stay as they are while runs are added, and a token is good for its filters alone", async () => {
    const filter = { isTest: false, queue: "mail" };
    const first = await own.runs.listRuns({ ...filter, pageSize: 2 });
    const added = await seeder.trigger(own.id, { queue: "mail" });
    const second = await own.runs.listRuns({ ...filter, pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.runs, ...second.runs].map(({ id }) => made.indexOf(id))).toEqual([3, 2, 0]);
    expect(second.nextPageToken).toBe("");
    expect((await own.runs.listRuns({ ...filter, pageSize: 1 })).runs.map(({ id }) => id)).toEqual([added]);
    const elsewhere = own.runs.listRuns({ isTest: true, queue: "mail", pageToken: first.nextPageToken });
    expect(await reasonOf(elsewhere)).toBe("FIELD_INVALID");
  });

  it("looks at so many runs a call that no index finds, and goes on from there", async () => {
    const crowded = await server.createEnvironment();
    await server.postgres.query(
      {
        name: "",
        text: `INSERT INTO runs (environment_id, id, task_id, status, revision, queue, attempt_number, max_attempts, create_time, queue_time, start_time,
            finish_time, deployment_id, event_seq, tags, is_test, traceparent)
          SELECT $1, 'run_' || lpad(n::text, 26, '0'), 'hello', 'COMPLETED', 1, CASE WHEN n IN (1, 2, 100002) THEN 'rare' ELSE 'common' END, 1, 1, now(), now(),
            now(), now(), 'dep_none', 1, CASE WHEN n = 3 THEN '{rare}'::text[] ELSE '{}' END, false, ''
          FROM generate_series(1, 100010) n`,
      },
      [crowded.id],
    );
    const numbers: number[][] = [];
    let pageToken = "";
    do {
      const page = await crowded.runs.listRuns({ queue: "rare", pageToken, pageSize: 2 });
      numbers.push(page.runs.map(({ id }) => Number(id.slice(4))));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(numbers).toEqual([[100_002], [2, 1]]);
    expect((await crowded.runs.listRuns({ tag: "rare" })).runs.map(({ id }) => Number(id.slice(4)))).toEqual([3]);
  });
});

describe("CountRuns", () => {
  it("says what waits, executes and failed within the hour, in the caller's environment", async () => {
    const counted = await server.createEnvironment();
    await deploy(counted);
    expect(await counted.runs.countRuns({})).toMatchObject({ queued: 0, executing: 0, failedLastHour: 0 });
    for (const status of ["QUEUED", "QUEUED", "EXECUTING", "WAITING", "CANCELING", "COMPLETED", "CANCELED"] as const)
      await seeder.inStatus(counted.id, status);
    for (const status of ["FAILED", "CRASHED", "SYSTEM_FAILURE", "TIMED_OUT", "EXPIRED"] as const)
      await seeder.inStatus(counted.id, status);
    const longAgo = await seeder.inStatus(counted.id, "FAILED");
    await sql("UPDATE runs SET finish_time = now() - interval '61 minutes' WHERE id = $1", [longAgo]);
    expect(await counted.runs.countRuns({})).toMatchObject({
      queued: 2,
      executing: 1,
      failedLastHour: 5,
      maxCount: 10_000,
    });
    await seeder.inStatus(environment.id, "FAILED");
    expect((await counted.runs.countRuns({})).failedLastHour).toBe(5);
  });
});
