import { create } from "@bufbuild/protobuf";
import {
  AttemptOutcome,
  FinishAttemptSchema,
  type LeaseRef,
  LeaseRefSchema,
  ResumeAttemptSchema,
  type RunEvent,
  RunEventSchema,
  RunUpdateSchema,
  SuspendAttemptSchema,
} from "@windlass/proto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReportBuffer, defaultReportLimits, type ReportEntry } from "./report-buffer.ts";

let nowMs = 0;
const clock = { monotonicMs: () => nowMs };

const refOf = (leaseToken: string): LeaseRef =>
  create(LeaseRefSchema, { environmentId: "env", runId: "run", leaseToken });
const event = (seq = 1): RunEvent => create(RunEventSchema, { seq: BigInt(seq) });
const finishOf = (ref: LeaseRef) => create(FinishAttemptSchema, { ref, outcome: AttemptOutcome.SUCCEEDED });

describe("one attempt", () => {
  it("travels in one item when it is short", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.addEvent(entry, event(1), 10, false);
    buffer.addEvent(entry, event(2), 10, false);
    expect(buffer.isReady).toBe(false);
    buffer.finish(entry, finishOf(entry.ref));
    const report = buffer.take();
    expect(report?.work.finished[0]?.events.map(({ seq }) => seq)).toEqual([1n, 2n]);
    expect(report?.work.progress).toEqual([]);
    if (report !== undefined) buffer.answered(report);
    expect(buffer.isEmpty).toBe(true);
    expect(buffer.sizeBytes).toBe(0);
  });

  it("lets progress go alone after 50 ms, and at once when it is urgent", () => {
    const buffer = createReportBuffer(clock);
    const [slow, urgent] = [buffer.open(refOf("1")), buffer.open(refOf("2"))];
    buffer.addEvent(slow, event(), 10, false);
    nowMs += 49;
    buffer.flushHeld();
    expect(buffer.take()).toBeUndefined();
    buffer.addEvent(urgent, event(), 10, true);
    expect(buffer.take()?.work.progress.map(({ ref }) => ref?.leaseToken)).toEqual(["2"]);
    nowMs += 1;
    buffer.flushHeld();
    expect(buffer.take()?.work.progress.map(({ ref }) => ref?.leaseToken)).toEqual(["1"]);
  });

  it("keeps its finish back until its progress is answered", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.addEvent(entry, event(), 10, true);
    const progress = buffer.take();
    buffer.finish(entry, finishOf(entry.ref));
    expect(buffer.take()).toBeUndefined();
    if (progress !== undefined) buffer.answered(progress);
    expect(buffer.take()?.work.finished).toHaveLength(1);
  });

  it("sends a flood of entries ahead of its finish, in pieces", () => {
    const buffer = createReportBuffer(clock, { ...defaultReportLimits, maxEventBytes: 100 });
    const entry = buffer.open(refOf("1"));
    for (let seq = 1; seq <= 5; seq += 1) buffer.addEvent(entry, event(seq), 50, false);
    buffer.finish(entry, finishOf(entry.ref));
    const seen: bigint[] = [];
    for (let report = buffer.take(); report !== undefined; report = buffer.take()) {
      for (const item of [...report.work.progress, ...report.work.finished])
        seen.push(...item.events.map(({ seq }) => seq));
      buffer.answered(report);
    }
    expect(seen).toEqual([1n, 2n, 3n, 4n, 5n]);
  });

  it("is not spoken of any more once it is forgotten", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.addEvent(entry, event(), 10, true);
    buffer.forget(entry);
    buffer.finish(entry, finishOf(entry.ref));
    expect(buffer.take()).toBeUndefined();
    expect(buffer.sizeBytes).toBe(0);
    expect(buffer.isEmpty).toBe(true);
  });
});

describe("an attempt that waits", () => {
  const suspendOf = (ref: LeaseRef) => create(SuspendAttemptSchema, { ref, wait: { id: "w" } });
  const resumeOf = (ref: LeaseRef) => create(ResumeAttemptSchema, { ref, waitId: "w" });
  const update = (count: number, ...addTags: string[]) =>
    create(RunUpdateSchema, { metadata: { data: Buffer.from(String(count)) }, addTags });

  it("says so with the entries before it; what it said of its run goes ahead, the newest metadata and all tags", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.addEvent(entry, event(1), 10, false);
    buffer.describe(entry, update(1, "a"));
    buffer.describe(entry, update(2, "b", "a"));
    buffer.suspend(entry, suspendOf(entry.ref));
    const first = buffer.take();
    expect(first?.work.progress[0]?.events).toHaveLength(1);
    expect(first?.work.progress[0]?.update?.addTags).toEqual(["a", "b"]);
    expect(Buffer.from(first?.work.progress[0]?.update?.metadata?.data ?? []).toString()).toBe("2");
    expect(buffer.take()).toBeUndefined();
    if (first !== undefined) buffer.answered(first);
    buffer.addEvent(entry, event(2), 10, false);
    const second = buffer.take();
    expect(second?.work.suspended[0]?.events.map(({ seq }) => seq)).toEqual([2n]);
    if (second !== undefined) buffer.answered(second);
    expect([buffer.isEmpty, buffer.sizeBytes]).toEqual([true, 0]);
  });

  it("says that its wait is over after everything else", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.addEvent(entry, event(), 10, false);
    buffer.resume(entry, resumeOf(entry.ref));
    const first = buffer.take();
    expect([first?.work.progress.length, first?.work.resumed.length]).toEqual([1, 0]);
    if (first !== undefined) buffer.answered(first);
    expect(buffer.take()?.work.resumed).toHaveLength(1);
  });

  it("says under its next lease what it had not said under the old one", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.addEvent(entry, event(7), 10, false);
    buffer.describe(entry, update(1));
    const next = buffer.succeed(entry, refOf("2"));
    buffer.finish(next, finishOf(next.ref));
    const report = buffer.take();
    expect(report?.work.finished).toMatchObject([{ ref: { leaseToken: "2" }, events: [{ seq: 7n }], update: {} }]);
    if (report !== undefined) buffer.answered(report);
    expect([buffer.isEmpty, buffer.sizeBytes]).toEqual([true, 0]);
  });

  it("that ends instead says only that", () => {
    const buffer = createReportBuffer(clock);
    const entry = buffer.open(refOf("1"));
    buffer.suspend(entry, suspendOf(entry.ref));
    buffer.finish(entry, finishOf(entry.ref));
    const report = buffer.take();
    expect([report?.work.finished.length, report?.work.suspended.length]).toEqual([1, 0]);
    if (report !== undefined) buffer.answered(report);
    expect(buffer.take()).toBeUndefined();
  });
});

it("keeps a report within its limits", () => {
  const buffer = createReportBuffer(clock, { ...defaultReportLimits, maxItems: 3, maxBytes: 1_000 });
  for (let nth = 0; nth < 5; nth += 1) buffer.release(buffer.open(refOf(`small ${nth}`)));
  expect(buffer.take()?.work.released).toHaveLength(3);
  const large = buffer.open(refOf("large"));
  buffer.addEvent(large, event(), 5_000, true);
  expect(buffer.take()?.work.released).toHaveLength(2);
  expect(buffer.take()?.work.progress).toHaveLength(1);
});

describe("whatever happens in whatever order", () => {
  type Step = { kind: "event" | "urgent" | "finish" | "release" | "take" | "answer" | "flush"; lease: number };
  const steps = fc.array(
    fc.record<Step>({
      kind: fc.constantFrom("event", "urgent", "finish", "release", "take", "answer", "flush"),
      lease: fc.integer({ min: 0, max: 4 }),
    }),
    { maxLength: 80 },
  );

  it("says everything once, in order, the last word last, and one thing of a lease at a time", () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const buffer = createReportBuffer(clock, { maxItems: 3, maxBytes: 300, maxEventBytes: 120, holdMs: 50 });
        const leases = Array.from({ length: 5 }, (_, nth) => ({
          entry: buffer.open(refOf(String(nth))),
          said: 0,
          heard: [] as number[],
          isOver: false,
          isOverHeard: false,
        }));
        const unanswered: NonNullable<ReturnType<typeof buffer.take>>[] = [];
        const leaseOf = (ref: LeaseRef | undefined) => leases[Number(ref?.leaseToken)];
        const take = () => {
          const report = buffer.take();
          if (report === undefined) return false;
          const { progress, finished, released } = report.work;
          expect(progress.length + finished.length + released.length).toBeLessThanOrEqual(3);
          for (const other of unanswered) {
            const both = report.entries.filter((entry: ReportEntry) => other.entries.includes(entry));
            expect(both).toEqual([]);
          }
          for (const { ref, events } of [...progress, ...finished]) {
            const lease = leaseOf(ref);
            expect(lease?.isOverHeard).toBe(false);
            lease?.heard.push(...events.map(({ seq }) => Number(seq)));
          }
          for (const ref of [...finished.map((finish) => finish.ref), ...released]) {
            const lease = leaseOf(ref);
            if (lease !== undefined) lease.isOverHeard = true;
          }
          unanswered.push(report);
          return true;
        };
        const answer = () => {
          const report = unanswered.shift();
          if (report !== undefined) buffer.answered(report);
          return report !== undefined;
        };
        for (const { kind, lease: nth } of sequence) {
          const lease = leases[nth];
          nowMs += 20;
          if (kind === "take") take();
          else if (kind === "answer") answer();
          else if (kind === "flush") buffer.flushHeld();
          else if (lease === undefined || lease.isOver) continue;
          else if (kind === "finish") {
            lease.isOver = true;
            buffer.finish(lease.entry, finishOf(lease.entry.ref));
          } else if (kind === "release") {
            if (lease.said > 0) continue;
            lease.isOver = true;
            buffer.release(lease.entry);
          } else {
            lease.said += 1;
            buffer.addEvent(lease.entry, event(lease.said), 40, kind === "urgent");
          }
        }
        buffer.flush();
        while (take() || answer());
        expect(buffer.isEmpty).toBe(true);
        expect(buffer.sizeBytes).toBe(0);
        for (const { said, heard, isOver, isOverHeard } of leases) {
          expect(heard).toEqual(Array.from({ length: said }, (_, index) => index + 1));
          expect(isOverHeard).toBe(isOver);
        }
      }),
    );
  });
});
