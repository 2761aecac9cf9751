import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Run, RunSchema, RunStatus } from "@windlass/proto";
import { expect, it } from "vitest";
import { formatRate, taskStatistics } from "./task-statistics.ts";

function run(status: RunStatus, durationMs = 10): Run {
  return create(RunSchema, {
    status,
    startTime: timestampFromMs(1_000),
    finishTime: timestampFromMs(1_000 + durationMs),
  });
}

it("counts runs that ended by themselves: neither canceled ones nor those that have not ended", () => {
  const { COMPLETED, FAILED, CANCELED, EXECUTING } = RunStatus;
  const told = taskStatistics(
    [COMPLETED, COMPLETED, COMPLETED, FAILED, CANCELED, EXECUTING].map((status) => run(status)),
  );
  expect(told).toMatchObject({ endedCount: 4, successRate: 0.75 });
});

it("takes durations from completed runs, by the nearest rank", () => {
  const runs = Array.from({ length: 100 }, (_, index) => run(RunStatus.COMPLETED, 100 - index));
  expect(taskStatistics([...runs, run(RunStatus.FAILED, 9_999)])).toMatchObject({ p50Ms: 50, p95Ms: 95 });
  expect(taskStatistics([run(RunStatus.COMPLETED, 7)])).toMatchObject({ p50Ms: 7, p95Ms: 7 });
});

it("tells nothing of no runs", () => {
  expect(taskStatistics([])).toEqual({ endedCount: 0, successRate: undefined, p50Ms: undefined, p95Ms: undefined });
});

it("says 100 % only when none failed, and 0 % only when all did", () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(formatRate)).toEqual(["0 %", "1 %", "50 %", "99 %", "100 %"]);
});
