import { createFakeClock } from "@windlass/chassis";
import { type AwaitedRun, RunErrorCode, RunStatus } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";
import { beforeEach, describe, expect, it } from "vitest";
import { runKey } from "../feed/feed.ts";
import { RUN_STATUSES, isTerminal } from "../run-state.ts";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import type { TestEnd } from "../testing/seed-runs.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";

const clock = createFakeClock(Date.now());
const DONE: TestEnd = { outcome: "SUCCEEDED", next: "COMPLETED", output: '"done"' };
const { server, seeder, environment } = await shareStoreServer({ clock });

async function finish(runId: string, end: TestEnd = DONE): Promise<void> {
  const lease = await seeder.claim(environment.id, runId);
  if (lease === undefined) throw new Error("the run could not be claimed");
  await seeder.finish(lease, end);
}

/** What a test compares: "run_1 COMPLETED" or "run_1 RUN_NOT_FOUND". */
function brief({ runId, result }: AwaitedRun): string {
  if (result.case === "error") return `${runId} ${reasonName(result.value.reason)}`;
  return `${runId} ${Object.entries(RunStatus).find(([, value]) => value === result.value?.status)?.[0]}`;
}

/** Opens a stream; `until(n)` gives the answers once there are n of them. */
function openStream() {
  const call = environment.runs.awaitRuns();
  const answers: AwaitedRun[] = [];
  const responses = call.responses[Symbol.asyncIterator]();
  return {
    call,
    answers,
    async until(count: number): Promise<string[]> {
      while (answers.length < count) {
        const { value, done } = await responses.next();
        if (done === true || value === undefined) throw new Error(`the stream ended after ${answers.length} answers`);
        answers.push(...value.results);
      }
      return answers.map(brief);
    },
    rest: async () => {
      for (let next = await responses.next(); next.done !== true; next = await responses.next())
        answers.push(...next.value.results);
      return answers.map(brief);
    },
  };
}

describe("AwaitRuns", () => {
  let stream: ReturnType<typeof openStream>;
  beforeEach(() => {
    stream = openStream();
    return () => stream.call.cancel();
  });

  it("answers a run at once when it has ended, else when it ends", async () => {
    const [ended, going] = [await seeder.trigger(environment.id), await seeder.trigger(environment.id)];
    await finish(ended);
    stream.call.send({ runIds: [ended, going] });
    expect(await stream.until(1)).toEqual([`${ended} COMPLETED`]);
    await finish(going, {
      outcome: "FAILED",
      next: "FAILED",
      error: { code: RunErrorCode.TASK_ERROR, message: "boom" },
    });
    expect(await stream.until(2)).toEqual([`${ended} COMPLETED`, `${going} FAILED`]);
    const [first, second] = stream.answers.map(({ result }) => (result.case === "run" ? result.value : undefined));
    expect(Buffer.from(first?.output?.data ?? []).toString()).toBe('"done"');
    expect(second?.error?.message).toBe("boom");
    expect(first?.payload).toBeUndefined();
  });

  it("answers each terminal status, and leaves the others open", async () => {
    const runIds = new Map<string, string>();
    for (const status of RUN_STATUSES) runIds.set(await seeder.inStatus(environment.id, status), status);
    stream.call.send({ runIds: Array.from(runIds.keys()) });
    stream.call.send({ runIds: ["run_none"] });
    const terminal = RUN_STATUSES.filter(isTerminal);
    const answers = await stream.until(terminal.length + 1);
    const expected = Array.from(runIds).filter(([, status]) => terminal.some((it) => it === status));
    expect(answers.toSorted()).toEqual(
      [...expected.map((pair) => pair.join(" ")), "run_none RUN_NOT_FOUND"].toSorted(),
    );
  });

  it("does not look up a run that this process knows to be live, and finds its end all the same when the feed is silent (I9)", async () => {
    const runId = await seeder.trigger(environment.id);
    server.feed.liveRuns.add(runKey(environment.id, runId));
    await finish(runId);
    server.feed.liveRuns.add(runKey(environment.id, runId)); // as if another replica had stored the end, and its notice were lost
    stream.call.send({ runIds: [runId] });
    stream.call.send({ runIds: ["run_none"] });
    expect(await stream.until(1)).toEqual(["run_none RUN_NOT_FOUND"]);
    await clock.advance(12_000);
    expect(await stream.until(2)).toEqual(["run_none RUN_NOT_FOUND", `${runId} COMPLETED`]);
  });

  it("answers what cannot be found, or is no id, alone", async () => {
    const runId = await seeder.trigger(environment.id);
    stream.call.send({ runIds: ["run_none", "run_>", runId] });
    expect((await stream.until(2)).toSorted()).toEqual(["run_> FIELD_INVALID", "run_none RUN_NOT_FOUND"]);
    const refused = stream.answers.find(({ runId: id }) => id === "run_>");
    expect(refused?.result.case === "error" && refused.result.value.violations[0]?.field).toBe("run_ids[1]");
    await finish(runId);
    expect((await stream.until(3)).at(-1)).toBe(`${runId} COMPLETED`);
  });

  it("answers a run once, however often it is named", async () => {
    const runId = await seeder.trigger(environment.id);
    const last = await seeder.trigger(environment.id);
    stream.call.send({ runIds: [runId, runId] });
    stream.call.send({ runIds: [runId] });
    stream.call.send({ runIds: [last] });
    await finish(runId);
    await finish(last);
    stream.call.end();
    expect(await stream.rest()).toEqual([`${runId} COMPLETED`, `${last} COMPLETED`]);
  });

  it("goes on until all is answered when the caller has said all", async () => {
    const runIds = await Promise.all(Array.from({ length: 50 }, () => seeder.trigger(environment.id)));
    stream.call.send({ runIds });
    stream.call.end();
    for (const runId of runIds) await finish(runId);
    expect((await stream.rest()).toSorted()).toEqual(runIds.map((runId) => `${runId} COMPLETED`).toSorted());
  });

  it("loses nothing between naming and ending", async () => {
    const runIds = await Promise.all(Array.from({ length: 100 }, () => seeder.trigger(environment.id)));
    const ends = runIds.map((runId) => {
      stream.call.send({ runIds: [runId] });
      return finish(runId);
    });
    await Promise.all(ends);
    expect((await stream.until(100)).toSorted()).toEqual(runIds.map((runId) => `${runId} COMPLETED`).toSorted());
  });

  it("answers from the feed without reading the database", async () => {
    const runId = await seeder.trigger(environment.id);
    stream.call.send({ runIds: [runId, "run_none"] });
    await stream.until(1);
    const hidden = "ALTER TABLE runs RENAME TO runs_hidden";
    const lease = (await seeder.claim(environment.id, runId)) ?? { environmentId: "", runId: "", leaseToken: "" };
    const { run } = await environment.runs.getRun({ runId });
    await server.postgres.query({ name: "", text: hidden });
    try {
      if (run !== undefined)
        server.feed.finished.publish(`${environment.id}/${runId}`, { ...run, status: RunStatus.COMPLETED });
      expect((await stream.until(2)).at(-1)).toBe(`${runId} COMPLETED`);
    } finally {
      await server.postgres.query({ name: "", text: "ALTER TABLE runs_hidden RENAME TO runs" });
    }
    await seeder.finish(lease, DONE);
  });

  it("finds an end that no notice told of after some seconds", async () => {
    const runId = await seeder.trigger(environment.id);
    stream.call.send({ runIds: [runId, "run_none"] });
    await stream.until(1);
    await server.postgres.query(
      { name: "", text: "UPDATE runs SET status = 'CANCELED', finish_time = now(), revision = 2 WHERE id = $1" },
      [runId],
    );
    await clock.advance(12_000);
    expect((await stream.until(2)).at(-1)).toBe(`${runId} CANCELED`);
  });

  it("refuses more than 10,000 unanswered runs one by one", async () => {
    const runIds = await manyRuns(10_050);
    for (let start = 0; start < runIds.length; start += 1000)
      stream.call.send({ runIds: runIds.slice(start, start + 1000) });
    const answers = await stream.until(50);
    expect(answers.every((answer) => answer.endsWith("OVERLOADED"))).toBe(true);
    expect(new Set(answers).size).toBe(50);
    const key = (runId: string | undefined) => `${environment.id}/${runId}`;
    expect(server.feed.finished.has(key(runIds[0]))).toBe(true);
    stream.call.cancel();
    expect(await reasonOf(stream.rest())).toBe("CALL_ENDED");
    await untilTrue(() => !server.feed.finished.has(key(runIds[0])));
  });

  it("answers with outputs that are too large to be kept or sent together", async () => {
    const output = `"${"x".repeat(3 * 1024 * 1024)}"`;
    const runIds = await Promise.all(Array.from({ length: 10 }, () => seeder.trigger(environment.id)));
    stream.call.send({ runIds });
    for (const runId of runIds) await finish(runId, { ...DONE, output });
    stream.call.end();
    expect((await stream.rest()).toSorted()).toEqual(runIds.map((runId) => `${runId} COMPLETED`).toSorted());
    const sizes = stream.answers.map(({ result }) =>
      result.case === "run" ? result.value.output?.data.byteLength : 0,
    );
    expect(sizes).toEqual(Array(10).fill(output.length));
  });
});

it.each([0, 1001])("a message of %i ids ends the stream", async (count) => {
  const call = environment.runs.awaitRuns();
  call.send({ runIds: Array.from({ length: count }, (_, index) => `run_${index}`) });
  expect((await failureOf(call.responses)).violations.map(({ field }) => field)).toEqual(["run_ids"]);
});

async function manyRuns(count: number): Promise<string[]> {
  const rows = await server.postgres.query<{ id: string }>(
    {
      name: "",
      text: `INSERT INTO runs (environment_id, id, task_id, status, revision, queue, attempt_number, max_attempts, create_time, queue_time, event_seq, tags, is_test, traceparent)
        SELECT $1, 'run_many' || n, 'hello', 'QUEUED', 1, 'q', 0, 1, now(), now(), 1, '{}', false, '' FROM generate_series(1, $2::int) n RETURNING id`,
    },
    [environment.id, count],
  );
  return rows.map(({ id }) => id);
}

function untilTrue(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => void (condition() ? resolve() : setImmediate(look));
    look();
  });
}
