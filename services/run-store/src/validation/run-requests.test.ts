import { create } from "@bufbuild/protobuf";
import {
  AwaitRunsRequestSchema,
  CancelRunRequestSchema,
  GetRunRequestSchema,
  WatchRunRequestSchema,
} from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { parseAwaitRuns, parseCancelRun, parseGetRun, parseWatchRun } from "./run-requests.ts";

function fieldsRefused(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof CallFailure) return error.violations.map((violation) => violation.field);
    throw error;
  }
  return [];
}

it.each([
  [""],
  ["run_*"],
  ["run_>"],
  ["run_.a"],
  ["run_/../x"],
  ["x".repeat(10_240)],
  ["run_\0"],
  ["run_\ud800"],
  ["run_ä"],
])("refuses the run id %j everywhere", (runId) => {
  expect(fieldsRefused(() => parseGetRun(create(GetRunRequestSchema, { runId })))).toEqual(["run_id"]);
  expect(fieldsRefused(() => parseWatchRun(create(WatchRunRequestSchema, { runId })))).toEqual(["run_id"]);
  expect(fieldsRefused(() => parseCancelRun(create(CancelRunRequestSchema, { runId })))).toEqual(["run_id"]);
  const [failure] = parseAwaitRuns(create(AwaitRunsRequestSchema, { runIds: [runId] })).values();
  expect(failure?.violations[0]?.field).toBe("run_ids[0]");
});

it("refuses to watch from before the beginning", () => {
  expect(fieldsRefused(() => parseWatchRun(create(WatchRunRequestSchema, { runId: "run_1", afterSeq: -1n })))).toEqual([
    "after_seq",
  ]);
});

it.each([["NUL \0"], ["half \ud800"], ["x".repeat(1001)]])("refuses the cancel reason %j", (reason) => {
  expect(fieldsRefused(() => parseCancelRun(create(CancelRunRequestSchema, { runId: "run_1", reason })))).toEqual([
    "reason",
  ]);
});

describe("AwaitRuns", () => {
  it("takes each run once and refuses bad ids alone", () => {
    const parsed = parseAwaitRuns(create(AwaitRunsRequestSchema, { runIds: ["run_1", "run_1", "run_>", "run_2"] }));
    expect(Array.from(parsed, ([id, failure]) => [id, failure === undefined])).toEqual([
      ["run_1", true],
      ["run_>", false],
      ["run_2", true],
    ]);
  });

  it.each([0, 1001])("refuses a message of %i ids as a whole", (count) => {
    const runIds = Array.from({ length: count }, (_, index) => `run_${index}`);
    expect(fieldsRefused(() => parseAwaitRuns(create(AwaitRunsRequestSchema, { runIds })))).toEqual(["run_ids"]);
  });
});
