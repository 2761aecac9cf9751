import type {
  AttemptProgress,
  FinishAttempt,
  LeaseRef,
  ResumeAttempt,
  SuspendAttempt,
  WorkReport,
} from "@windlass/proto";
import { AttemptOutcome, RunErrorCode } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { json, logEvent, runError } from "../testing/reports.ts";
import { parseWorkReport } from "./work-report.ts";

const NOW_US = 1_700_000_000_000_000;

function ref(token = "11111111-1111-1111-1111-111111111111", runId = "run_1"): LeaseRef {
  return { $typeName: "windlass.internal.v1.LeaseRef", environmentId: "env_1", runId, leaseToken: token };
}

function finish(overrides: Partial<FinishAttempt> = {}): FinishAttempt {
  return {
    $typeName: "windlass.internal.v1.FinishAttempt",
    ref: ref(),
    attemptNumber: 1,
    outcome: AttemptOutcome.SUCCEEDED,
    hooks: [],
    events: [],
    ...overrides,
  };
}

function suspend(): SuspendAttempt {
  return {
    $typeName: "windlass.internal.v1.SuspendAttempt",
    ref: ref(),
    wait: { $typeName: "windlass.v1.Wait", id: "wait-1", kind: { case: "runId", value: "run_2" } },
    events: [logEvent("two")],
  };
}

function resume(waitId = "wait-1"): ResumeAttempt {
  return { $typeName: "windlass.internal.v1.ResumeAttempt", ref: ref(), waitId };
}

function report(parts: Partial<WorkReport>): WorkReport {
  return {
    $typeName: "windlass.internal.v1.WorkReport",
    progress: [],
    finished: [],
    released: [],
    suspended: [],
    resumed: [],
    ...parts,
  };
}

function progress(reference: LeaseRef, message: string): AttemptProgress {
  return { $typeName: "windlass.internal.v1.AttemptProgress", ref: reference, events: [logEvent(message)] };
}

const parse = (parts: Partial<WorkReport>) => parseWorkReport(report(parts), "sup_1", NOW_US);

function violations(parts: Partial<WorkReport>) {
  try {
    parse(parts);
    return [];
  } catch (error) {
    if (error instanceof CallFailure) return error.violations.map(({ field }) => field);
    throw error;
  }
}

describe("a report", () => {
  it("gathers what it says of one lease: progress ahead of the end, the first of several ends", () => {
    const {
      messages: [message],
    } = parse({
      progress: [progress(ref(), "one"), progress(ref(), "two")],
      finished: [finish({ events: [logEvent("three")] }), finish({ outcome: AttemptOutcome.FAILED })],
      released: [ref()],
    });
    expect(message?.items).toHaveLength(1);
    const [item] = message?.items ?? [];
    expect(item).toMatchObject({ kind: "finish", outcome: "SUCCEEDED", lease: { supervisorId: "sup_1" } });
    const texts =
      item?.kind === "finish" ? item.events.map(({ body }) => (body.case === "log" ? body.value.message : "")) : [];
    expect(texts).toEqual(["one", "two", "three"]);
  });

  it("of a wait that began and is over is stored in two steps; an end makes both needless", () => {
    const kinds = (parts: Partial<WorkReport>) =>
      parse(parts).messages.map(({ items }) => items.map(({ kind }) => kind));
    const both = { progress: [progress(ref(), "one")], suspended: [suspend()], resumed: [resume()] };
    expect(kinds(both)).toEqual([["suspend"], ["resume"]]);
    expect(kinds({ resumed: [resume()] })).toEqual([["resume"]]);
    expect(kinds({ ...both, finished: [finish()] })).toEqual([["finish"]]);
    expect(parse(both).messages[0]?.items[0]).toMatchObject({ wait: { id: "wait-1" }, events: [{}, {}] });
  });

  it("of a wait without an id is refused", () => {
    expect(
      violations({ suspended: [{ $typeName: "windlass.internal.v1.SuspendAttempt", ref: ref(), events: [] }] }),
    ).toEqual(["work.suspended[0].wait"]);
    expect(violations({ resumed: [resume("")] })).toEqual(["work.resumed[0].wait_id"]);
  });

  it("gathers what a task says of its run: the last metadata, all tags", () => {
    const said = (metadata: unknown, addTags: string[]) =>
      ({ $typeName: "windlass.v1.RunUpdate", metadata: json(metadata), addTags }) as const;
    const { messages } = parse({
      progress: [{ ...progress(ref(), "one"), update: said({ a: 1 }, ["x"]) }],
      finished: [finish({ update: said({ a: 2 }, ["y"]) })],
    });
    expect(messages[0]?.items[0]).toMatchObject({ update: { metadata: json({ a: 2 }).data, addTags: ["x", "y"] } });
    expect(violations({ finished: [finish({ update: said([], []) })] })).toEqual([
      "work.finished[0].update.metadata.data",
    ]);
  });

  it("fills in times that are missing, and moves impossible ones to possible ones", () => {
    const time = (seconds: bigint) => ({ $typeName: "google.protobuf.Timestamp", seconds, nanos: 5_000 }) as const;
    const times = (overrides: Partial<FinishAttempt>) => {
      const [item] = parse({ finished: [finish(overrides)] }).messages[0]?.items ?? [];
      return item?.kind === "finish" ? [item.startTimeUs, item.finishTimeUs] : [];
    };
    expect(times({})).toEqual([NOW_US, NOW_US]);
    expect(times({ finishTime: time(10n) })).toEqual([10_000_005, 10_000_005]);
    expect(times({ startTime: time(9n), finishTime: time(10n) })).toEqual([9_000_005, 10_000_005]);
    expect(times({ startTime: time(-(10n ** 12n)), finishTime: time(10n ** 15n) })).toEqual([
      0,
      Number.MAX_SAFE_INTEGER,
    ]);
  });

  it("reads the decision about a retry", () => {
    const decision = (retry: FinishAttempt["retry"]) => {
      const [item] = parse({ finished: [finish({ retry })] }).messages[0]?.items ?? [];
      return item?.kind === "finish" ? item.decision : undefined;
    };
    const of = (value: NonNullable<FinishAttempt["retry"]>["decision"]) =>
      decision({ $typeName: "windlass.internal.v1.RetryDecision", decision: value });
    expect(decision(undefined)).toEqual({ kind: "by policy" });
    expect(of({ case: undefined })).toEqual({ kind: "by policy" });
    expect(of({ case: "byPolicy", value: true })).toEqual({ kind: "by policy" });
    expect(of({ case: "never", value: true })).toEqual({ kind: "never" });
    const after = { $typeName: "google.protobuf.Duration", seconds: 2n, nanos: 5e6 } as const;
    expect(of({ case: "after", value: after })).toEqual({ kind: "after", delayMs: 2_005 });
  });

  it("takes no value for no output", () => {
    const empty = { ...json(1), data: new Uint8Array(0), contentType: "" };
    expect(parse({ finished: [finish({ output: empty })] }).messages[0]?.items).toMatchObject([{ output: undefined }]);
  });

  it.each([
    ["no UUID", ref("token")],
    ["an upper-case UUID", ref("11111111-1111-1111-1111-11111111111A")],
    ["empty", ref("")],
    ["NUL in the run", ref(undefined, "run_\0")],
    ["a run too long", ref(undefined, "r".repeat(65))],
    ["wildcards in the run", ref(undefined, "run.*.>")],
  ])("a reference that can be nobody's is set aside: %s", (_, stranger) => {
    const {
      messages: [message],
      strangers,
    } = parse({
      progress: [progress(stranger, "x")],
      finished: [finish({ ref: stranger }), finish()],
      released: [stranger],
    });
    expect(strangers).toEqual([stranger, stranger, stranger]);
    expect(message?.items).toHaveLength(1);
  });

  it("is refused when it cannot be stored, with every field that is to blame", () => {
    expect(violations({})).toEqual(["work"]);
    expect(violations({ released: Array.from({ length: 1_001 }, () => ref()) })).toEqual(["work"]);
    expect(
      violations({
        finished: [
          finish(),
          finish({ ref: undefined }),
          finish({ outcome: AttemptOutcome.UNSPECIFIED }),
          finish({ ref: ref("21111111-1111-1111-1111-111111111111"), outcome: 99 as AttemptOutcome, attemptNumber: 0 }),
          finish({
            ref: ref("31111111-1111-1111-1111-111111111111"),
            output: { ...json(1), contentType: "text/html\0" },
            error: runError(RunErrorCode.TASK_ERROR, "x".repeat(65_536)),
          }),
          finish({
            ref: ref("41111111-1111-1111-1111-111111111111"),
            output: { ...json(1), data: new Uint8Array(10 * 1024 * 1024 + 1) },
          }),
        ],
      }),
    ).toEqual([
      "work.finished[1].ref",
      "work.finished[3].outcome",
      "work.finished[3].attempt_number",
      "work.finished[4].error",
      "work.finished[4].output.content_type",
      "work.finished[5].output.data",
    ]);
  });
});
