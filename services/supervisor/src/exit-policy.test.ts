import { AttemptOutcome, RunErrorCode } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import type { ProcessExit } from "./driver/driver.ts";
import { defaultMachine } from "./driver/machine.ts";
import { classifyExit } from "./exit-policy.ts";

const megabyte = 1024 * 1024;
const classify = (exit: Partial<ProcessExit>, seenBytes?: number) =>
  classifyExit({ wasKilled: false, output: "", ...exit }, defaultMachine, seenBytes);
const fieldsOf = (exit: Partial<ProcessExit>, seenBytes?: number) =>
  JSON.parse(classify(exit, seenBytes).error.fieldsJson) as Record<string, unknown>;

const heapIsFull = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";

describe("out of memory", () => {
  it("is what the kernel says that ended it, with what it may have and had", () => {
    const exit = {
      signal: "SIGKILL",
      memoryExceeded: { limitBytes: 512 * megabyte, peakBytes: 511.6 * megabyte },
    };
    expect(classify(exit).error).toMatchObject({
      code: RunErrorCode.OUT_OF_MEMORY,
      message: "The task used more memory than its machine has (small-1x, 512 MB): the kernel ended it at 512 MB.",
      hint: expect.stringContaining("larger machine"),
    });
    expect(fieldsOf(exit)).toEqual({
      limit: "machine",
      limitBytes: 512 * megabyte,
      usedBytes: 511.6 * megabyte,
      signal: "SIGKILL",
    });
  });

  it("is what the supervisor saw, with how much that was", () => {
    const exit = { signal: "SIGKILL", wasKilled: true };
    expect(classify(exit, 600 * megabyte).error).toMatchObject({
      code: RunErrorCode.OUT_OF_MEMORY,
      message: "The task used more memory than its machine has (small-1x, 512 MB): it was ended at 600 MB.",
    });
    expect(fieldsOf(exit, 600 * megabyte)).toMatchObject({ limitBytes: 512 * megabyte, usedBytes: 600 * megabyte });
  });

  it("is a full heap, as V8 says, which is no other abort", () => {
    for (const how of [{ exitCode: 134 }, { signal: "SIGABRT" }, { signal: "SIGTRAP" }]) {
      expect(classify({ ...how, output: heapIsFull }).error).toMatchObject({
        code: RunErrorCode.OUT_OF_MEMORY,
        message: "The task's JavaScript heap is full: 409 MB of its machine (small-1x, 512 MB) are for it.",
        hint: expect.stringContaining("larger machine"),
      });
      expect(fieldsOf({ ...how, output: heapIsFull })).toMatchObject({ limit: "heap", limitBytes: 409 * megabyte });
    }
    const lastWords = `Mark-Compact 400.1 (409.0) -> 399.5 (409.0) MB\nMark-Compact (reduce) 407.8 (409.3) -> 407.5 (409.3) MB, pooled\n${heapIsFull}`;
    expect(fieldsOf({ signal: "SIGABRT", output: lastWords })).toMatchObject({ usedBytes: 407.5 * megabyte });
    expect(classify({ signal: "SIGABRT" }).error.code).toBe(RunErrorCode.PROCESS_SIGNALED);
    expect(classify({ exitCode: 1, output: heapIsFull }).error.code).toBe(RunErrorCode.PROCESS_EXITED);
  });
});

it("of a signal names it, and where to look for who sent it", () => {
  expect(classify({ signal: "SIGKILL" }).error).toMatchObject({
    code: RunErrorCode.PROCESS_SIGNALED,
    message: "The worker process was ended by SIGKILL.",
    hint: expect.stringContaining("memory"),
  });
  expect(classify({ signal: "SIGSEGV" }).error.hint).toContain("native addon");
  expect(classify({ signal: "SIGUSR1" }).error.hint).toContain("what sent this signal");
});

it("of an exit names the code, and quotes the end of the output", () => {
  const exit = { exitCode: 3, output: `${"x".repeat(5_000)}the end` };
  expect(classify(exit).error).toMatchObject({
    code: RunErrorCode.PROCESS_EXITED,
    message: "The worker process exited with code 3 before the attempt ended.",
    hint: expect.stringContaining("process.exit()"),
  });
  const { exitCode, output } = fieldsOf(exit) as { exitCode: number; output: string };
  expect(exitCode).toBe(3);
  expect(output).toHaveLength(2_000);
  expect(output.endsWith("the end")).toBe(true);
});

it("is a crash whose retry the stored policy decides, and hands the timeline how the process ended, whatever it was", () => {
  for (const exit of [{ exitCode: 0 }, { signal: "SIGSEGV" }, { signal: "SIGABRT", output: heapIsFull }]) {
    const end = classify(exit);
    expect(end).toMatchObject({ outcome: AttemptOutcome.CRASHED, retry: "by-policy", exit });
    expect(end.error.hint).not.toBe("");
  }
});
