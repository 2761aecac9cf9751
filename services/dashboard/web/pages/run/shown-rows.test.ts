import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunEventSchema, RunSchema, RunStatus } from "@windlass/proto";
import { expect, test } from "vitest";
import { type Children, countByStatus, type OpenTree, shownRows, type ShownRow } from "./shown-rows.ts";
import type { RowKind, WaterfallRow } from "./waterfall.ts";

const all = { hasLogs: true, hasHooks: true };
const closed: OpenTree = { isOpen: false, openRunIds: new Set(), childrenOf: new Map() };

const row = (seq: number, kind: RowKind): WaterfallRow => ({
  kind,
  event: create(RunEventSchema, { seq: BigInt(seq) }),
  endEvent: undefined,
  depth: 1,
  startMs: seq * 10,
  endMs: seq * 10,
});
const run = (id: string, createMs: number, status: RunStatus = RunStatus.COMPLETED) =>
  create(RunSchema, { id, status, parentRunId: "run_parent", createTime: timestampFromMs(createMs) });
const children = (hasMore: boolean, ...runs: ReturnType<typeof run>[]): Children => ({ runs, hasMore });
const rows = [row(1, "attempt"), row(2, "hook"), row(3, "log"), row(4, "wait")];

const read = (shown: readonly ShownRow[]): string[] =>
  shown.map(({ key, ...one }) => ("depth" in one ? `${one.depth} ${key}` : key));

test("logs and hooks can be left out", () => {
  expect(read(shownRows(rows, { hasLogs: false, hasHooks: false }, undefined, closed))).toEqual(["1", "4"]);
});

test("child runs are one row where the first of them was triggered, or several when it is opened", () => {
  const two = children(false, run("run_a", 25), run("run_b", 26));
  expect(read(shownRows(rows, all, two, closed))).toEqual(["1", "2", "children", "3", "4"]);
  const open = { ...closed, isOpen: true };
  expect(read(shownRows(rows, all, two, open))).toEqual(["1", "2", "children", "2 run_a", "2 run_b", "3", "4"]);
});

test("child runs that were triggered after everything that is known are last", () => {
  expect(read(shownRows(rows, all, children(false, run("run_a", 99)), closed)).at(-1)).toBe("children");
});

test("an opened child has its own children below it, and says when they are on their way or none", () => {
  const childrenOf = new Map([
    ["run_a", children(false, run("run_c", 30))],
    ["run_c", children(false)],
  ]);
  const tree = { isOpen: true, openRunIds: new Set(["run_a", "run_b", "run_c"]), childrenOf };
  expect(read(shownRows([], all, children(false, run("run_a", 1), run("run_b", 2)), tree))).toEqual([
    "children",
    "2 run_a",
    "3 run_c",
    "4 none-run_c",
    "2 run_b",
    "3 loading-run_b",
  ]);
});

test("where there are more children than are shown, a row leads to all of them", () => {
  const shown = shownRows([], all, children(true, run("run_a", 1)), { ...closed, isOpen: true });
  expect(shown.at(-1)).toMatchObject({ kind: "childNote", note: "more", runId: "run_parent" });
});

test("statuses are counted, the most frequent first", () => {
  const some = [run("a", 1, RunStatus.FAILED), run("b", 1), run("c", 1)];
  expect(countByStatus(some)).toEqual([
    [RunStatus.COMPLETED, 2],
    [RunStatus.FAILED, 1],
  ]);
});
