import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AttemptOutcome, CancelPhase, RunEventSchema, type RunEvent, RunStatus } from "@windlass/proto";
import { describe, expect, test } from "vitest";
import { Waterfall } from "./waterfall.ts";

type Body = RunEvent["body"];
const value = (fields: object): never => fields as never;

/** Events at milliseconds, with the seqs that their places give them. */
function timeline(...told: readonly (readonly [atMs: number, Body["case"], object])[]): Waterfall {
  const waterfall = new Waterfall();
  for (const [index, [atMs, name, fields]] of told.entries()) {
    const init = { seq: BigInt(index + 1), time: timestampFromMs(atMs), body: value({ case: name, value: fields }) };
    waterfall.add(create(RunEventSchema, init));
  }
  return waterfall;
}

const status = (atMs: number, entered: RunStatus) => [atMs, "statusChanged", { status: entered }] as const;
const begins = (atMs: number, attemptNumber: number = 1) => [atMs, "attemptStarted", { attemptNumber }] as const;
const ends = (atMs: number, outcome: AttemptOutcome = AttemptOutcome.SUCCEEDED) =>
  [atMs, "attemptEnded", { outcome }] as const;
const log = (atMs: number) => [atMs, "log", { message: "hello" }] as const;
const hook = (atMs: number, name: string, startMs: number, tookMs: number) =>
  [
    atMs,
    "hookResult",
    { hook: name, startTime: timestampFromMs(startMs), duration: { seconds: 0n, nanos: tookMs * 1_000_000 } },
  ] as const;
const cancel = (atMs: number, phase: CancelPhase) => [atMs, "cancelProgress", { phase }] as const;

/** "attempt 1: 20-90" */
function drawn({ rows }: Waterfall): string[] {
  return rows.map(({ kind, event, depth, startMs, endMs }) => {
    const name = event.body.case === "hookResult" ? event.body.value.hook : kind;
    return `${"  ".repeat(depth)}${name} ${startMs}${endMs === startMs ? "" : `-${endMs ?? ""}`}`;
  });
}

describe("the waterfall", () => {
  test("a run that ends well: the time it was queued, the time to its start, its attempt, and the end as a moment", () => {
    const waterfall = timeline(
      status(0, RunStatus.QUEUED),
      status(10, RunStatus.EXECUTING),
      begins(20),
      log(30),
      ends(90),
      status(91, RunStatus.COMPLETED),
    );
    expect(drawn(waterfall)).toEqual(["status 0-10", "start 10-20", "attempt 20-90", "  log 30", "status 91"]);
    expect(waterfall.statuses.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 10],
      [10, 91],
      [91, 91],
    ]);
    expect(waterfall).toMatchObject({ fromMs: 0, toMs: 91, eventCount: 6, changeSeq: 6n });
  });

  test("what goes on has no end yet", () => {
    const waterfall = timeline(status(0, RunStatus.QUEUED), status(10, RunStatus.EXECUTING), begins(20));
    expect(drawn(waterfall).at(-1)).toBe("attempt 20-");
    expect(waterfall.statuses.at(-1)?.toMs).toBeUndefined();
  });

  test("a hook, of which is told when it settles, stands where it began: before the logs that it wrote, behind the hooks before it", () => {
    const waterfall = timeline(
      begins(0),
      hook(5, "init", 1, 4),
      log(11),
      log(40),
      hook(50, "run", 10, 40),
      hook(51, "onSuccess", 50, 0.5),
    );
    expect(drawn(waterfall)).toEqual([
      "attempt 0-",
      "  init 1-5",
      "  run 10-50",
      "  log 11",
      "  log 40",
      "  onSuccess 50-50.5",
    ]);
  });

  test("hooks that began in the same moment keep the order in which they settled, and stand before the logs of that moment", () => {
    const waterfall = timeline(begins(0), log(1), hook(1, "onStart", 1, 0), hook(9, "run", 1, 8));
    expect(drawn(waterfall)).toEqual(["attempt 0-", "  onStart 1", "  run 1-9", "  log 1"]);
  });

  test("a hook of the second attempt never stands in the first, whatever its clock says", () => {
    const waterfall = timeline(begins(0), log(5), ends(10), begins(20, 2), hook(30, "run", 3, 1));
    expect(drawn(waterfall)).toEqual(["attempt 0-10", "  log 5", "attempt 20-", "  run 3-4"]);
  });

  test("the pause between two attempts is a row, and the failed attempt is told of with its end", () => {
    const waterfall = timeline(
      begins(0),
      ends(10, AttemptOutcome.FAILED),
      status(10, RunStatus.RETRYING),
      status(60, RunStatus.QUEUED),
      status(61, RunStatus.EXECUTING),
      begins(62, 2),
    );
    expect(drawn(waterfall)).toEqual(["attempt 0-10", "status 10-60", "status 60-61", "start 61-62", "attempt 62-"]);
    expect(waterfall.rows[0]?.endEvent?.seq).toBe(2n);
    expect(waterfall.rowOfSeq(2n)).toBe(0);
  });

  test("a wait reaches from its start to its end; the end of the attempt ends those that are open", () => {
    const waterfall = timeline(
      begins(0),
      [5, "waitStarted", { wait: { id: "a" } }],
      [45, "waitEnded", { waitId: "a" }],
      [50, "waitStarted", { wait: { id: "b" } }],
      ends(70, AttemptOutcome.CANCELED),
    );
    expect(drawn(waterfall)).toEqual(["attempt 0-70", "  wait 5-45", "  wait 50-70"]);
  });

  test("each step of a cancel is as long as it took to reach it", () => {
    const waterfall = timeline(
      begins(0),
      cancel(10, CancelPhase.REQUESTED),
      cancel(12, CancelPhase.DELIVERED),
      cancel(13, CancelPhase.ACKNOWLEDGED),
      cancel(40, CancelPhase.HOOKS_DONE),
      cancel(41, CancelPhase.ENDED),
    );
    expect(drawn(waterfall).slice(1)).toEqual([
      "  cancel 10",
      "  cancel 10-12",
      "  cancel 12-13",
      "  cancel 13-40",
      "  cancel 40-41",
    ]);
    expect(waterfall.cancelSteps.map(({ atMs }) => atMs)).toEqual([10, 12, 13, 40, 41]);
  });

  test("an attempt that was lost before it began is a moment", () => {
    const waterfall = timeline(status(0, RunStatus.EXECUTING), ends(9, AttemptOutcome.LOST));
    expect(drawn(waterfall)).toEqual(["start 0-9", "attempt 9"]);
  });

  test("50,000 events are drawn within two seconds", () => {
    const waterfall = new Waterfall();
    const began = performance.now();
    for (let seq = 1; seq <= 50_000; seq += 1) {
      const time = timestampFromMs(seq);
      const body = seq === 1 ? begins(0) : seq % 100 === 0 ? hook(seq, "onWait", seq - 50, 50) : log(seq);
      waterfall.add(create(RunEventSchema, { seq: BigInt(seq), time, body: value({ case: body[1], value: body[2] }) }));
    }
    expect(waterfall.rows).toHaveLength(50_000);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
