import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunStatus } from "@windlass/proto";
import { expect, test } from "vitest";
import { isFiltered, listRequest, momentOf, momentText } from "./run-filters.ts";

test("a URL becomes a call, with every filter that it has", () => {
  const search = {
    status: "FAILED,NONSENSE,CRASHED",
    task: "hello",
    queue: "mail",
    version: "20270101.1",
    schedule: "sched_1",
    batch: "batch_1",
    parent: "run_1",
    test: "none",
    from: "2027-01-31T09:00:00Z",
    to: "2027-01-31T10:00:00+01:00",
  };
  const nine = timestampFromMs(Date.UTC(2027, 0, 31, 9));
  expect(listRequest(search)).toMatchObject({
    statuses: [RunStatus.FAILED, RunStatus.CRASHED],
    taskId: "hello",
    queue: "mail",
    version: "20270101.1",
    scheduleId: "sched_1",
    batchId: "batch_1",
    parentRunId: "run_1",
    isTest: false,
    fromTime: nine,
    toTime: nine,
  });
  expect(listRequest({ test: "only" }).isTest).toBe(true);
});

test("what makes no sense filters nothing", () => {
  const request = listRequest({ test: "perhaps", from: "yesterday", to: "-000001-01-01" });
  expect([request.isTest, request.fromTime, request.toTime]).toEqual([undefined, undefined, undefined]);
});

test("moments are written short and read back", () => {
  const ms = Date.UTC(2027, 0, 31, 9, 30, 1);
  expect(momentText(ms)).toBe("2027-01-31T09:30:01Z");
  expect(momentOf(momentText(ms))).toBe(ms);
});

test("a page is no filter", () => {
  expect(isFiltered({ page: "x", status: "" })).toBe(false);
  expect(isFiltered({ from: "2027-01-31T09:00:00Z" })).toBe(true);
});
