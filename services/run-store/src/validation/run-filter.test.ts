import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ListRunsRequestSchema, RunStatus } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { pageToken } from "./page.ts";
import { parseListRuns, runList } from "./run-filter.ts";

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

describe("ListRuns", () => {
  it("filters by nothing unless asked", () => {
    expect(list({})).toEqual({
      filter: {},
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
    [{ queue: "x".repeat(262) }, "queue"],
    [{ version: "\0" }, "version"],
    [{ scheduleId: "a/b" }, "schedule_id"],
    [{ fromTime: { seconds: -1n } }, "from_time"],
    [{ toTime: { seconds: 2n ** 60n } }, "to_time"],
    [{ pageToken: "nonsense" }, "page_token"],
    [{ pageToken: "x".repeat(10_240) }, "page_token"],
    [{ pageToken: "\0" }, "page_token"],
  ])("refuses %o by its field", (init, field) => {
    expect(fieldsRefused(() => list(init))).toEqual([field]);
  });

  it("continues where a page ended, for the same filters only", () => {
    const { filter } = list({ tag: "a" });
    const token = pageToken("run_1", runList(filter));
    expect(list({ tag: "a", pageToken: token }).page.afterId).toBe("run_1");
    const others = [
      { tag: "b" },
      { tag: "a", isTest: false },
      { tag: "a", toTime: { seconds: 9n } },
      { tag: "a", queue: "q" },
    ];
    for (const other of others)
      expect(fieldsRefused(() => list({ ...other, pageToken: token }))).toEqual(["page_token"]);
    expect(fieldsRefused(() => list({ tag: "a", pageToken: `${token}=` }))).toEqual(["page_token"]);
  });

  it("does not mind the order of statuses between pages", () => {
    const { filter } = list({ statuses: [RunStatus.QUEUED, RunStatus.FAILED] });
    const token = pageToken("run_1", runList(filter));
    expect(list({ statuses: [RunStatus.FAILED, RunStatus.QUEUED], pageToken: token }).page.afterId).toBe("run_1");
  });
});
