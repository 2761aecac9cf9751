import { createFakeClock } from "@windlass/chassis";
import { CancelPhase, LogLevel, type RunEvent, RunErrorCode, RunStatus } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import type { TestLease } from "../testing/seed-runs.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";

const clock = createFakeClock(Date.now());
const { server, seeder, environment } = await shareStoreServer({ clock });

const log = (message: string) => ({ body: { case: "log", value: { level: LogLevel.INFO, message } } }) as const;

/** What a test compares: the seq and, in a word, the entry. */
function brief(event: RunEvent): string {
  const { body } = event;
  switch (body.case) {
    case "statusChanged":
      return `${event.seq} ${Object.entries(RunStatus).find(([, value]) => value === body.value.status)?.[0]} in attempt ${body.value.attemptNumber}`;
    case "log":
      return `${event.seq} "${body.value.message}"`;
    case "cancelProgress":
      return `${event.seq} cancel ${body.value.phase === CancelPhase.REQUESTED ? body.value.reason : body.value.phase}`;
    default:
      return `${event.seq} ${body.case}`;
  }
}

async function watch(runId: string, afterSeq = 0n): Promise<string[]> {
  const messages = await Array.fromAsync(environment.runs.watchRun({ runId, afterSeq }));
  return messages.flatMap(({ events }) => events.map(brief));
}

async function claim(runId: string): Promise<TestLease> {
  const lease = await seeder.claim(environment.id, runId);
  if (lease === undefined) throw new Error("the run could not be claimed");
  return lease;
}

/** A run that ended, and its whole timeline. */
async function endedRun(): Promise<{ runId: string; timeline: string[] }> {
  const runId = await seeder.trigger(environment.id);
  const lease = await claim(runId);
  await seeder.progress(lease, [log("a"), log("b")]);
  await seeder.progress(lease, [log("c")]);
  const error = { code: RunErrorCode.TASK_ERROR, message: "boom" };
  await seeder.finish(lease, { outcome: "FAILED", next: "FAILED", error, events: [log("d"), log("e")] });
  return {
    runId,
    timeline: [
      "1 QUEUED in attempt 0",
      "2 EXECUTING in attempt 1",
      '3 "a"',
      '4 "b"',
      '5 "c"',
      '6 "d"',
      '7 "e"',
      "8 FAILED in attempt 1",
    ],
  };
}

describe("the timeline of a run that has ended", () => {
  it("is streamed from any place on, and then ends", async () => {
    const { runId, timeline } = await endedRun();
    for (let afterSeq = 0; afterSeq <= timeline.length + 1; afterSeq += 1)
      expect(await watch(runId, BigInt(afterSeq))).toEqual(timeline.slice(afterSeq));
    expect(await watch(runId, 2n ** 63n - 1n)).toEqual([]);
  });

  it("comes in pages and messages of bounded size", async () => {
    const runId = await seeder.trigger(environment.id);
    const lease = await claim(runId);
    const line = "x".repeat(30_000);
    for (let round = 0; round < 3; round += 1)
      await seeder.progress(
        lease,
        Array.from({ length: 100 }, (_, index) => log(`${round}-${index} ${line}`)),
      );
    for (let round = 0; round < 150; round += 1) await seeder.progress(lease, [log(`small ${round}`)]);
    await seeder.finish(lease, { outcome: "SUCCEEDED", next: "COMPLETED" });
    const messages = await Array.fromAsync(environment.runs.watchRun({ runId }));
    expect(messages.flatMap(({ events }) => events.map(({ seq }) => Number(seq)))).toEqual(
      Array.from({ length: 453 }, (_, index) => index + 1),
    );
    expect(messages.every(({ events }) => events.length > 0)).toBe(true);
    const largest = Math.max(...messages.map(({ events }) => events.length));
    expect(largest * line.length).toBeLessThan(8 * 1024 * 1024);
  });
});

describe("the timeline of a run that goes on", () => {
  it("is followed to its end while entries come, from any place on", async () => {
    for (let afterSeq = 0; afterSeq < 8; afterSeq += 1) {
      const runId = await seeder.trigger(environment.id);
      const watching = watch(runId, BigInt(afterSeq));
      const lease = await claim(runId);
      await seeder.progress(lease, [log("a"), log("b")]);
      await seeder.progress(lease, [log("c")]);
      await seeder.finish(lease, { outcome: "SUCCEEDED", next: "COMPLETED", events: [log("d"), log("e")] });
      const { timeline } = await endedRun();
      expect(await watching).toEqual([...timeline.slice(afterSeq, -1), "8 COMPLETED in attempt 1"]);
    }
  });

  it("reaches every watcher, each once and in order", async () => {
    const runId = await seeder.trigger(environment.id);
    const lease = await claim(runId);
    const watchers = Array.from({ length: 20 }, (_, index) => watch(runId, BigInt(index % 3)));
    for (let round = 0; round < 30; round += 1) await seeder.progress(lease, [log(`${round}`)]);
    await seeder.finish(lease, { outcome: "SUCCEEDED", next: "COMPLETED" });
    const whole = await watch(runId);
    expect(whole).toHaveLength(33);
    for (const [index, events] of (await Promise.all(watchers)).entries())
      expect(events).toEqual(whole.slice(index % 3));
  });

  it("is found without any notice after some seconds", async () => {
    const runId = await seeder.trigger(environment.id);
    const timersBefore = clock.pendingTimers;
    const stream = environment.runs.watchRun({ runId })[Symbol.asyncIterator]();
    expect((await stream.next()).value?.events.map(brief)).toEqual(["1 QUEUED in attempt 0"]);
    // One timer confirms the key, the other looks again.
    await clock.timersPending(timersBefore + 2);
    await claim(runId);
    const next = stream.next();
    await clock.advance(6_000);
    expect((await next).value?.events.map(brief)).toEqual(["2 EXECUTING in attempt 1"]);
    await stream.return?.();
  });

  it("costs nothing more once the watcher has gone", async () => {
    const runId = await seeder.trigger(environment.id);
    const key = `${environment.id}/${runId}`;
    const stream = environment.runs.watchRun({ runId })[Symbol.asyncIterator]();
    await stream.next();
    expect(server.feed.runChanges.has(key)).toBe(true);
    const hangUp = Promise.withResolvers<void>();
    const stopped = server.feed.runChanges;
    await stream.return?.();
    const look = () => (stopped.has(key) ? setImmediate(look) : hangUp.resolve());
    look();
    await hangUp.promise;
  });
});

it("a run that is not there cannot be watched, and a bad request is told what is wrong", async () => {
  expect(await reasonOf(environment.runs.watchRun({ runId: "run_none" }))).toBe("RUN_NOT_FOUND");
  expect(
    (await failureOf(environment.runs.watchRun({ runId: "run_>", afterSeq: -1n }))).violations.map(
      ({ field }) => field,
    ),
  ).toEqual(["run_id", "after_seq"]);
});
