import { describe, expect, it } from "vitest";
import { queueDueRuns } from "../due/queue-due-runs.ts";
import { deleteSpentDebounces } from "../store/delete-spent-debounces.ts";
import { ENVIRONMENT_ID, newTrigger, OTHER_ENVIRONMENT_ID, runIdOf } from "../testing/hot-store.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import type { ParsedDebounce } from "../validation/debounce.ts";
import { NO_OPTIONS, type ParsedRunOptions } from "../validation/run-options.ts";
import type { ParsedTrigger } from "../validation/trigger-requests.ts";

const store = await shareHotStore();

let requests = 0;

function debounced(
  debounce: Partial<ParsedDebounce>,
  { payload = "1", ...overrides }: Partial<Omit<ParsedTrigger, "payload" | "options">> & { payload?: string } = {},
  options: Partial<ParsedRunOptions> = {},
): ParsedTrigger {
  return newTrigger(`debounced-${(requests += 1)}`, {
    ...overrides,
    payload: { data: Buffer.from(payload), contentType: "application/json" },
    options: {
      ...NO_OPTIONS,
      encoded: Buffer.alloc(0),
      ...options,
      debounce: { key: "key", delayMs: 60_000, isTrailing: true, maxDelayMs: null, ...debounce },
    },
  });
}

const trigger = async (wanted: ParsedTrigger, environmentId = ENVIRONMENT_ID) => {
  const [result] = await store.parts.trigger.trigger(environmentId, [wanted]);
  return { runId: runIdOf(result), isCached: result !== undefined && "isCached" in result && result.isCached };
};

const stored = async (runId: string) => {
  const [row] = await store.sql<{
    payload: Buffer;
    tags: string[];
    metadata: Buffer | null;
    due_in_ms: number;
    status: string;
    max_attempts: number;
  }>(
    `SELECT c.payload, r.tags, m.metadata, r.status, r.max_attempts, date_part('epoch', r.due_time - now()) * 1000 AS due_in_ms
      FROM runs r JOIN run_contents c ON c.run_id = r.id LEFT JOIN run_metadata m ON m.run_id = r.id WHERE r.id = $1`,
    [runId],
  );
  if (row === undefined) throw new Error(`no run ${runId}`);
  return { ...row, payload: row.payload.toString(), metadata: row.metadata?.toString() };
};

const comeDue = async (runId: string): Promise<void> => {
  await store.sql("UPDATE runs SET due_time = now() WHERE id = $1", [runId]);
  await queueDueRuns(store.parts, [{ environmentId: ENVIRONMENT_ID, runId }]);
};

describe("triggers of one debounce key", () => {
  it("make one run, which each puts off", async () => {
    const first = await trigger(debounced({ key: "one" }));
    expect(first.isCached).toBe(false);
    await store.sql("UPDATE runs SET due_time = now() + interval '1 s' WHERE id = $1", [first.runId]);
    expect(await trigger(debounced({ key: "one" }))).toEqual({ runId: first.runId, isCached: true });
    const { status, due_in_ms: dueInMs } = await stored(first.runId);
    expect(status).toBe("DELAYED");
    expect(dueInMs).toBeGreaterThan(50_000);
  });

  it("that come at one moment make one run", async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => trigger(debounced({ key: "many" }))));
    expect(new Set(results.map(({ runId }) => runId)).size).toBe(1);
    expect(results.filter(({ isCached }) => !isCached)).toHaveLength(1);
  });

  it("that are trailing give it the last one's payload, options and metadata", async () => {
    const metadata = Buffer.from('{"of":"first"}');
    const { runId } = await trigger(
      debounced({ key: "trailing" }, { payload: '"first"', tags: ["first"], maxAttempts: 7 }, { metadata }),
    );
    expect(await stored(runId)).toMatchObject({
      payload: '"first"',
      tags: ["first"],
      metadata: '{"of":"first"}',
      max_attempts: 7,
    });
    await trigger(debounced({ key: "trailing" }, { payload: '"last"', tags: ["last"] }));
    expect(await stored(runId)).toMatchObject({
      payload: '"last"',
      tags: ["last"],
      metadata: undefined,
      max_attempts: 3,
    });
  });

  it("that are leading leave it the first one's", async () => {
    const { runId } = await trigger(
      debounced({ key: "leading", isTrailing: false }, { payload: '"first"', tags: ["first"] }),
    );
    await trigger(debounced({ key: "leading", isTrailing: false }, { payload: '"last"', tags: ["last"] }));
    expect(await stored(runId)).toMatchObject({ payload: '"first"', tags: ["first"] });
  });

  it("put it off at most until so long after the first of them", async () => {
    const { runId } = await trigger(debounced({ key: "deadline", delayMs: 60_000, maxDelayMs: 90_000 }));
    await store.sql("UPDATE debounces SET deadline_time = now() + interval '5 s' WHERE run_id = $1", [runId]);
    await trigger(debounced({ key: "deadline", delayMs: 60_000, maxDelayMs: 90_000 }));
    const { due_in_ms: dueInMs } = await stored(runId);
    expect(dueInMs).toBeGreaterThan(0);
    expect(dueInMs).toBeLessThanOrEqual(5_000);
  });

  it("make another run once it has begun, or was canceled", async () => {
    const first = await trigger(debounced({ key: "begun" }));
    await comeDue(first.runId);
    const second = await trigger(debounced({ key: "begun" }));
    expect([second.isCached, second.runId === first.runId]).toEqual([false, false]);
    await store.cancel(second.runId);
    const third = await trigger(debounced({ key: "begun" }));
    expect([third.isCached, third.runId === second.runId]).toEqual([false, false]);
    expect(await trigger(debounced({ key: "begun" }))).toEqual({ runId: third.runId, isCached: true });
  });

  it("are one by one in a batch: the last is the last", async () => {
    const triggers = ['"a"', '"b"', '"c"'].map((payload) => debounced({ key: "batch" }, { payload }));
    const results = await store.parts.trigger.trigger(ENVIRONMENT_ID, triggers);
    expect(new Set(results.map(runIdOf)).size).toBe(1);
    expect((await stored(runIdOf(results[0]))).payload).toBe('"c"');
  });

  it("of other tasks and environments are others", async () => {
    await store.deploy([{ id: "hello" }], OTHER_ENVIRONMENT_ID);
    const ids = [
      await trigger(debounced({ key: "shared" })),
      await trigger(debounced({ key: "shared" }, { taskId: "once" })),
      await trigger(debounced({ key: "shared" }), OTHER_ENVIRONMENT_ID),
    ].map(({ runId }) => runId);
    expect(new Set(ids).size).toBe(3);
  });

  it("with one request id are one trigger, also after the run has begun", async () => {
    const wanted = debounced({ key: "request" });
    const { runId } = await trigger(wanted);
    await comeDue(runId);
    expect(await trigger(wanted)).toEqual({ runId, isCached: true });
  });

  it("tell the scheduler each new moment", async () => {
    const due = store.feed.due.subscribe(10);
    const { runId } = await trigger(debounced({ key: "told" }));
    await trigger(debounced({ key: "told", delayMs: 5_000 }));
    const told: number[] = [];
    for await (const items of due) {
      for (const { item, dueInMs } of items)
        if (item.case === "run" && item.value.runId === runId) told.push(Number(dueInMs));
      if (told.length >= 2) break;
    }
    expect(told[0]).toBeGreaterThan(50_000);
    expect(told[1]).toBeLessThanOrEqual(5_000);
  });
});

it("a trigger that cannot be stored leaves its key free", async () => {
  const [result] = await store.parts.trigger.trigger(ENVIRONMENT_ID, [
    debounced({ key: "refused" }, { parentRunId: "run_none" }),
  ]);
  expect(result).toBeInstanceOf(Error);
  expect(await store.sql("SELECT FROM debounces WHERE key = 'refused'")).toEqual([]);
});

it("keys whose runs have begun are removed, the others stay", async () => {
  const spent = await trigger(debounced({ key: "spent" }));
  const live = await trigger(debounced({ key: "live" }));
  await comeDue(spent.runId);
  expect(await deleteSpentDebounces(store.postgres, 1_000)).toBeGreaterThan(0);
  const rows = await store.sql<{ key: string }>("SELECT key FROM debounces WHERE run_id = ANY ($1)", [
    [spent.runId, live.runId],
  ]);
  expect(rows.map(({ key }) => key)).toEqual(["live"]);
});
