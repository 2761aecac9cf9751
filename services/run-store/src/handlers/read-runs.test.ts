import { randomUUID } from "node:crypto";
import { AttemptOutcome, HookOutcome, HookScope, type Run, RunErrorCode, RunStatus } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { RUN_STATUSES, runStatusToProto } from "../run-state.ts";
import { reasonOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";
import type { TestEnvironment } from "../testing/store-server.ts";
import { deploy } from "../testing/upload.ts";

const { server, seeder, environment } = await shareStoreServer();

async function getRun(runId: string): Promise<Run> {
  const { run } = await environment.runs.getRun({ runId });
  if (run === undefined) throw new Error("no run");
  return run;
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe("GetRun", () => {
  it("shows a run that waits for its turn", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const runId = await seeder.trigger(environment.id, { tags: ["a", "ü"], isTest: true, traceparent, maxAttempts: 7 });
    const { run, attempts } = await environment.runs.getRun({ runId });
    expect(run).toMatchObject({
      id: runId,
      taskId: "hello",
      status: RunStatus.QUEUED,
      revision: 1n,
      queue: "task/hello",
      version: "",
      attemptNumber: 0,
      maxAttempts: 7,
      tags: ["a", "ü"],
      isTest: true,
      traceparent,
    });
    expect(text(run?.payload?.data)).toBe('{"message":"Hello world!"}');
    expect(run?.payload?.contentType).toBe("application/json");
    expect([run?.startTime, run?.finishTime, run?.dueTime, run?.output, run?.error]).toEqual(Array(5).fill(undefined));
    expect(attempts).toEqual([]);
  });

  it("shows a run without payload, and one that no version knows", async () => {
    const runId = await seeder.trigger(environment.id, { payload: Buffer.alloc(0), payloadType: "", taskId: "later" });
    expect(await getRun(runId)).toMatchObject({ status: RunStatus.PENDING_VERSION, queue: "", maxAttempts: 0 });
    expect((await getRun(runId)).payload).toBeUndefined();
  });

  it("shows what ended attempts left behind, and the last one's error and output as the run's", async () => {
    const runId = await seeder.trigger(environment.id);
    const first = await seeder.claim(environment.id, runId);
    const { deployment } = await environment.deployments.getCurrentDeployment({});
    expect(await getRun(runId)).toMatchObject({
      status: RunStatus.EXECUTING,
      attemptNumber: 1,
      version: deployment?.version,
    });
    const hook = { hook: "init", scope: HookScope.TASK, outcome: HookOutcome.OK, attemptNumber: 1 };
    const error = { code: RunErrorCode.TASK_ERROR, name: "TypeError", message: "no such thing", stack: "at x" };
    await seeder.finish(first ?? never(), { outcome: "FAILED", next: "RETRYING", error, hooks: [hook] });
    expect(await getRun(runId)).toMatchObject({ status: RunStatus.RETRYING, error });
    expect((await getRun(runId)).dueTime).toBeDefined();

    await server.postgres.query(
      { name: "", text: "UPDATE runs SET status = 'QUEUED', due_time = NULL WHERE id = $1" },
      [runId],
    );
    const second = await seeder.claim(environment.id, runId);
    const whileExecuting = await environment.runs.getRun({ runId });
    expect(whileExecuting.attempts.map(({ number }) => number)).toEqual([1]);
    await seeder.finish(second ?? never(), { outcome: "SUCCEEDED", next: "COMPLETED", output: '{"ok":true}' });
    const { run, attempts } = await environment.runs.getRun({ runId });
    expect(run).toMatchObject({ status: RunStatus.COMPLETED, attemptNumber: 2 });
    expect([text(run?.output?.data), run?.output?.contentType, run?.error]).toEqual([
      '{"ok":true}',
      "application/json",
      undefined,
    ]);
    expect(attempts).toMatchObject([
      { number: 1, outcome: AttemptOutcome.FAILED, error, hooks: [hook], supervisorId: "sup_test" },
      { number: 2, outcome: AttemptOutcome.SUCCEEDED, hooks: [] },
    ]);
  });

  it("fits into a message however much a hundred attempts have to say", async () => {
    const runId = await seeder.inStatus(environment.id, "FAILED");
    const hooks = Array.from({ length: 8 }, () => ({ hook: "init", error: { message: "x".repeat(60_000) } }));
    const lease = { environmentId: environment.id, runId, leaseToken: randomUUID() };
    await server.postgres.query(
      { name: "", text: "UPDATE runs SET attempt_number = 100, max_attempts = 100 WHERE id = $1" },
      [runId],
    );
    const { attempts: template } = await (async () => {
      const other = await seeder.trigger(environment.id);
      const claimed = (await seeder.claim(environment.id, other)) ?? never();
      await seeder.finish(claimed, { outcome: "FAILED", next: "FAILED", error: { message: "y" }, hooks });
      return environment.runs.getRun({ runId: other });
    })();
    expect(template[0]?.hooks).toHaveLength(8);
    await server.postgres.query(
      {
        name: "",
        text: `INSERT INTO attempts SELECT environment_id, $2, n, outcome, supervisor_id, $3, start_time, finish_time, NULL, NULL, error, hooks
          FROM attempts, generate_series(2, 100) n WHERE environment_id = $1 AND hooks IS NOT NULL ORDER BY octet_length(hooks) DESC LIMIT 99`,
      },
      [environment.id, runId, lease.leaseToken],
    );
    const { attempts } = await environment.runs.getRun({ runId });
    expect(attempts).toHaveLength(100);
    expect(attempts.at(-1)?.hooks).toHaveLength(8);
    expect(attempts[1]?.hooks).toHaveLength(0);
    expect(attempts.at(-1)?.error?.message).toBe("y");
  });
});

describe("ListRuns", () => {
  let own: TestEnvironment;
  const list = async (request: Parameters<TestEnvironment["runs"]["listRuns"]>[0]) =>
    (await own.runs.listRuns(request)).runs.map(({ id }) => id);

  it("pages newest first, without contents, and ends with an empty token", async () => {
    own = await server.createEnvironment();
    await deploy(own);
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) made.unshift(await seeder.inStatus(own.id, "COMPLETED"));
    const seen: Run[] = [];
    let pageToken = "";
    let pages = 0;
    do {
      const page = await own.runs.listRuns({ pageSize: 3, pageToken });
      seen.push(...page.runs);
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== "");
    expect(pages).toBe(3);
    expect(seen.map(({ id }) => id)).toEqual(made);
    expect(seen.every(({ payload, output, error }) => [payload, output, error].every((it) => it === undefined))).toBe(
      true,
    );
    expect((await own.runs.listRuns({ pageSize: 7 })).nextPageToken).toBe("");
  });

  it("filters by status, task and tag, in every combination", async () => {
    own = await server.createEnvironment();
    await deploy(own, "bundle", ["hello", "other"]);
    const byStatus = new Map<string, string>();
    for (const status of RUN_STATUSES) byStatus.set(status, await seeder.inStatus(own.id, status));
    const tagged = await seeder.trigger(own.id, { tags: ['quo"te', "plain"], taskId: "other" });
    const taggedToo = await seeder.trigger(own.id, { tags: ["plain"] });

    for (const status of RUN_STATUSES) {
      const expected = status === "QUEUED" ? [taggedToo, tagged, byStatus.get(status)] : [byStatus.get(status)];
      expect([status, await list({ statuses: [runStatusToProto(status)] })]).toEqual([status, expected]);
    }
    expect(await list({})).toEqual([taggedToo, tagged, ...Array.from(byStatus.values()).toReversed()]);
    expect(await list({ statuses: [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.RETRYING] })).toEqual([
      byStatus.get("FAILED"),
      byStatus.get("COMPLETED"),
      byStatus.get("RETRYING"),
    ]);
    expect(await list({ taskId: "other" })).toEqual([tagged]);
    expect(await list({ tag: "plain" })).toEqual([taggedToo, tagged]);
    expect(await list({ tag: 'quo"te' })).toEqual([tagged]);
    expect(await list({ tag: "plain", taskId: "hello", statuses: [RunStatus.QUEUED] })).toEqual([taggedToo]);
    expect(await list({ tag: "plain", statuses: [RunStatus.COMPLETED] })).toEqual([]);
    expect(await list({ tag: "none" })).toEqual([]);
    const { nextPageToken } = await own.runs.listRuns({ tag: "plain", pageSize: 1 });
    expect(await list({ tag: "plain", pageSize: 1, pageToken: nextPageToken })).toEqual([tagged]);
    expect(await reasonOf(own.runs.listRuns({ tag: "other", pageToken: nextPageToken }))).toBe("FIELD_INVALID");
  });

  it("finds the rare among the many by an index", async () => {
    own = await server.createEnvironment();
    await server.postgres.query(
      {
        name: "",
        text: `INSERT INTO runs (environment_id, id, task_id, status, revision, queue, attempt_number, max_attempts, create_time, queue_time, start_time,
            finish_time, deployment_id, event_seq, tags, is_test, traceparent)
          SELECT $1, 'run_' || lpad(n::text, 26, '0'), CASE WHEN n = 17 THEN 'rare' ELSE 'common' END,
            (CASE n WHEN 18 THEN 'FAILED' WHEN 19 THEN 'QUEUED' ELSE 'COMPLETED' END)::run_status, 1, 'q', CASE n WHEN 19 THEN 0 ELSE 1 END, 1, now(), now(),
            CASE WHEN n <> 19 THEN now() END, CASE WHEN n <> 19 THEN now() END, 'dep_none', 1, CASE WHEN n = 20 THEN '{rare}'::text[] ELSE '{}' END, false, ''
          FROM generate_series(1, 50000) n`,
      },
      [own.id],
    );
    await server.postgres.query({ name: "", text: "ANALYZE runs" });
    const blocksBefore = await blocksRead();
    for (const request of [
      { taskId: "rare" },
      { tag: "rare" },
      { statuses: [RunStatus.FAILED] },
      { statuses: [RunStatus.QUEUED] },
      { statuses: [RunStatus.QUEUED, RunStatus.CRASHED, RunStatus.FAILED] },
      { statuses: [RunStatus.COMPLETED], pageSize: 20 },
      { pageSize: 20 },
    ])
      expect((await list(request)).length).toBeGreaterThan(0);
    // Reading the table from end to end even once would be more than a thousand blocks.
    const blocks = (await blocksRead()) - blocksBefore;
    expect(blocks).toBeGreaterThan(0);
    expect(blocks).toBeLessThan(500);
  });

  async function blocksRead(): Promise<number> {
    await server.postgres.query({ name: "", text: "SELECT pg_stat_force_next_flush()" });
    const [row] = await server.postgres.query<{ blocks: number }>({
      name: "",
      text: "SELECT (heap_blks_read + heap_blks_hit)::int4 AS blocks FROM pg_statio_user_tables WHERE relname = 'runs'",
    });
    return row?.blocks ?? 0;
  }
});

function never(): never {
  throw new Error("the run could not be claimed");
}
