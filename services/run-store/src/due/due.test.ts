import { describe, expect, it } from "vitest";
import { DUE_START, type DuePosition } from "../store/list-due.ts";
import { ENVIRONMENT_ID } from "../testing/hot-store.ts";
import { failed } from "../testing/reports.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import { createTokenAnnouncer } from "../tokens/announce-tokens.ts";
import { NO_TOKEN_HINTS } from "../tokens/token-hints.ts";
import { tokenKey } from "../feed/feed.ts";
import { newResourceId } from "../resource-id.ts";
import { completeToken } from "../store/complete-token.ts";
import { insertToken } from "../store/insert-token.ts";
import { applyDue } from "./apply-due.ts";
import { listDue } from "./list-due.ts";
import { watchDue } from "./watch-due.ts";

const store = await shareHotStore();

/** A run that waits for its next attempt. */
async function retrying(delayMs: number): Promise<string> {
  const lease = await store.claim(await store.trigger());
  await store.finish(lease, { ...failed(), decision: { kind: "after", delayMs } });
  return lease.run?.id ?? "";
}

/** A token that times out in so many milliseconds. */
async function timingOut(timeoutMs: number): Promise<string> {
  const id = newResourceId("token", Date.now());
  const rest = { secretHash: Buffer.alloc(32), idempotencyKey: undefined, tags: [] };
  await insertToken(store.postgres, { environmentId: ENVIRONMENT_ID, id, timeoutMs, ...rest });
  return id;
}

const apply = (runIds: string[], supervisorIds: string[] = [], tokenIds: string[] = []) =>
  applyDue(
    {
      ...store.parts,
      announceTokens: createTokenAnnouncer(store.feed, NO_TOKEN_HINTS),
      reader: createRunEndReader(store.postgres),
    },
    {
      runs: runIds.map((runId) => ({ environmentId: ENVIRONMENT_ID, runId })),
      supervisorIds,
      tokens: tokenIds.map((tokenId) => ({ environmentId: ENVIRONMENT_ID, tokenId })),
      schedules: [],
      expiries: [],
    },
  );

async function listAll(horizonMs: number, size: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: DuePosition | undefined = DUE_START; after !== undefined;) {
    const page = await listDue(store, { after, horizonMs, size });
    ids.push(
      ...page.items.map(({ item }) =>
        item.case === "run"
          ? item.value.runId
          : item.case === "supervisor"
            ? item.value.supervisorId
            : item.case === "token"
              ? item.value.tokenId
              : "",
      ),
    );
    after = page.next;
  }
  return ids;
}

describe("due work", () => {
  it("is listed soonest first, within the horizon, over pages of any size", async () => {
    const ids = [await retrying(500_000), await retrying(100_000), await retrying(300_000), await retrying(-5)];
    // Several at one moment, so that a page ends between them.
    await store.sql("UPDATE runs SET due_time = (SELECT due_time FROM runs WHERE id = $1) WHERE id = $2", [
      ids[0],
      ids[2],
    ]);
    const [first, second] = [ids[0], ids[2]].toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
    const expected = [ids[3], "sup_test", ids[1], first, second];
    for (const size of [1, 2, 3, 100]) expect(await listAll(3_600_000, size)).toEqual(expected);
    expect(await listAll(200_000, 100)).toEqual(expected.slice(0, 3));
    expect(await listAll(0, 100)).toEqual([ids[3]]);
  });

  it("is applied when its moment has come, once, and told to the queue behind what waits there", async () => {
    const [due, early] = [await retrying(0), await retrying(60_000)];
    const queued = store.feed.queued.subscribe(10);
    expect(await apply([due, early, "run_unknown"])).toMatchObject({ applied: 1 });
    expect(await apply([due])).toEqual({ applied: 0, postponed: [] });
    expect(await store.run(due)).toMatchObject({ status: "QUEUED", due_time: null, attempt_number: 1 });
    expect(await store.run(early)).toMatchObject({ status: "RETRYING" });
    for await (const [run] of queued) {
      expect(run?.runId).toBe(due);
      break;
    }
    expect((await store.claim(due)).attemptNumber).toBe(2);
  });

  it("of a run that is named too early is postponed, so that a clock that runs ahead loses nothing", async () => {
    const early = await retrying(60_000);
    const { applied, postponed } = await apply([early, "run_unknown"]);
    expect(applied).toBe(0);
    expect(postponed).toMatchObject([{ item: { case: "run", value: { runId: early } } }]);
    expect(Number(postponed[0]?.dueInMs)).toBeGreaterThan(50_000);
  });

  it("of tokens is listed among the rest, and only of those that are pending", async () => {
    const [soon, late, completed] = [await timingOut(-5), await timingOut(100_000), await timingOut(50_000)];
    await completeToken(
      store.postgres,
      { environmentId: ENVIRONMENT_ID, tokenId: completed },
      { data: null, dataType: null },
    );
    for (const size of [1, 2, 100])
      expect((await listAll(3_600_000, size)).filter((id) => id.startsWith("token_"))).toEqual([soon, late]);
    expect(await apply([], [], [soon, late, completed])).toMatchObject({ applied: 1 });
  });

  it("of a token times it out when its moment has come, once, and tells whoever waits; one named too early is postponed", async () => {
    const [due, early] = [await timingOut(0), await timingOut(60_000)];
    const told: string[] = [];
    const stop = store.feed.endedTokens.listen(tokenKey(ENVIRONMENT_ID, due), () => told.push(due));
    const { applied, postponed } = await apply([], [], [due, early, "token_unknown"]);
    expect([applied, told]).toEqual([1, [due]]);
    expect(postponed).toMatchObject([{ item: { case: "token", value: { tokenId: early } } }]);
    expect(Number(postponed[0]?.dueInMs)).toBeGreaterThan(50_000);
    expect(await apply([], [], [due])).toEqual({ applied: 0, postponed: [] });
    stop();
    const rows = await store.sql("SELECT id, status FROM wait_tokens WHERE id = ANY ($1) ORDER BY id", [[due, early]]);
    expect(rows.map((row) => ({ ...row }))).toEqual(
      [
        { id: due, status: "TIMED_OUT" },
        { id: early, status: "PENDING" },
      ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });

  it("of a supervisor that was renewed is postponed", async () => {
    await store.register("sup_renewed", 50_000);
    const { applied, postponed } = await apply([], ["sup_renewed", "sup_gone"]);
    expect(applied).toBe(0);
    expect(postponed).toMatchObject([{ item: { value: { supervisorId: "sup_renewed" } } }]);
    expect(Number(postponed[0]?.dueInMs)).toBeGreaterThan(40_000);
  });

  it("of a supervisor that expired removes it", async () => {
    await store.register("sup_expired");
    await store.sql("UPDATE supervisors SET expire_time = now() WHERE id = 'sup_expired'");
    expect(await apply([], ["sup_expired"])).toEqual({ applied: 1, postponed: [] });
  });

  it("that becomes known is told to who watches, within the horizon only, until the signal aborts", async () => {
    const stop = new AbortController();
    const told: (string | undefined)[] = [];
    const watching = (async () => {
      for await (const items of watchDue(store.feed, 10_000, stop.signal)) {
        for (const { item } of items) told.push(item.case === "run" ? item.value.runId : undefined);
        stop.abort(new Error("seen"));
      }
    })();
    await retrying(20_000);
    const soon = await retrying(5_000);
    await expect(watching).rejects.toThrow("seen");
    expect(told).toEqual([soon]);
  });
});
