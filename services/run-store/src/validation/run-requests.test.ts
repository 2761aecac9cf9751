import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AwaitRunsRequestSchema,
  CancelRunRequestSchema,
  GetRunRequestSchema,
  ListRunsRequestSchema,
  RunStatus,
  WatchRunRequestSchema,
} from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { pageToken } from "./page.ts";
import { parseAwaitRuns, parseCancelRun, parseGetRun, parseListRuns, parseWatchRun, runList } from "./run-requests.ts";

function fieldsRefused(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof CallFailure) return error.violations.map((violation) => violation.field);
    throw error;
  }
  return [];
}

const list = (init: MessageInitShape<typeof ListRunsRequestSchema>) =>
  parseListRuns(create(ListRunsRequestSchema, init));

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

describe("ListRuns", () => {
  it("filters by nothing unless asked", () => {
    expect(list({})).toEqual({
      filter: { statuses: undefined, taskId: undefined, tag: undefined },
      page: { size: 50, afterId: undefined },
    });
  });

  it("takes statuses once each", () => {
    expect(list({ statuses: [RunStatus.QUEUED, RunStatus.QUEUED, RunStatus.EXPIRED] }).filter.statuses).toEqual([
      "QUEUED",
      "EXPIRED",
    ]);
  });

  it.each<[MessageInitShape<typeof ListRunsRequestSchema>, string]>([
    [{ pageSize: -1 }, "page_size"],
    [{ pageSize: 1001 }, "page_size"],
    [{ pageSize: -(2 ** 31) }, "page_size"],
    [{ statuses: [0] }, "statuses[0]"],
    [{ statuses: [RunStatus.FAILED, 99 as RunStatus] }, "statuses[1]"],
    [{ statuses: [-1 as RunStatus] }, "statuses[0]"],
    [{ taskId: "a\0" }, "task_id"],
    [{ tag: "x".repeat(129) }, "tag"],
    [{ pageToken: "nonsense" }, "page_token"],
    [{ pageToken: "x".repeat(10_240) }, "page_token"],
    [{ pageToken: "\0" }, "page_token"],
  ])("refuses %j by its field", (init, field) => {
    expect(fieldsRefused(() => list(init))).toEqual([field]);
  });

  it("continues where a page ended, for the same filters only", () => {
    const { filter } = list({ tag: "a" });
    const token = pageToken("run_1", runList(filter));
    expect(list({ tag: "a", pageToken: token }).page.afterId).toBe("run_1");
    expect(fieldsRefused(() => list({ tag: "b", pageToken: token }))).toEqual(["page_token"]);
    expect(fieldsRefused(() => list({ tag: "a", pageToken: `${token}=` }))).toEqual(["page_token"]);
  });

  it("does not mind the order of statuses between pages", () => {
    const { filter } = list({ statuses: [RunStatus.QUEUED, RunStatus.FAILED] });
    const token = pageToken("run_1", runList(filter));
    expect(list({ statuses: [RunStatus.FAILED, RunStatus.QUEUED], pageToken: token }).page.afterId).toBe("run_1");
  });
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
