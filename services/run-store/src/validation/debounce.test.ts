import { create } from "@bufbuild/protobuf";
import { DebounceMode, RunOptionsSchema } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { parseDebounce } from "./debounce.ts";

type Options = Parameters<typeof create<typeof RunOptionsSchema>>[1];

const valid = { key: "key", delay: { seconds: 5n } };

function parse(options: Options) {
  const violations: Violation[] = [];
  const parsed = parseDebounce(create(RunOptionsSchema, options), "options", violations);
  return { parsed, fields: violations.map(({ field }) => field) };
}

describe("a debounced trigger", () => {
  it("is leading unless it says trailing, and can be put off for ever unless it says how long", () => {
    expect(parse({ debounce: valid }).parsed).toEqual({
      key: "key",
      delayMs: 5_000,
      isTrailing: false,
      maxDelayMs: null,
    });
    const debounce = { ...valid, mode: DebounceMode.TRAILING, maxDelay: { seconds: 60n } };
    expect(parse({ debounce }).parsed).toMatchObject({ isTrailing: true, maxDelayMs: 60_000 });
    expect(parse({})).toEqual({ parsed: undefined, fields: [] });
  });

  it.each<[string, Options, string]>([
    ["no key", { debounce: { ...valid, key: "" } }, "options.debounce.key"],
    ["a key with NUL", { debounce: { ...valid, key: "\u0000" } }, "options.debounce.key"],
    ["a key of 10 KB", { debounce: { ...valid, key: "a".repeat(10_240) } }, "options.debounce.key"],
    ["no delay", { debounce: { key: "key" } }, "options.debounce.delay"],
    ["a negative delay", { debounce: { ...valid, delay: { seconds: -1n } } }, "options.debounce.delay"],
    ["a delay below a second", { debounce: { ...valid, delay: { nanos: 999_000_000 } } }, "options.debounce.delay"],
    ["a delay of years", { debounce: { ...valid, delay: { seconds: 100_000_000n } } }, "options.debounce.delay"],
    ["a limit below its delay", { debounce: { ...valid, maxDelay: { seconds: 4n } } }, "options.debounce.max_delay"],
    ["an unknown mode", { debounce: { ...valid, mode: 9 as DebounceMode } }, "options.debounce.mode"],
    ["an idempotency key", { debounce: valid, idempotencyKey: "key" }, "options.debounce"],
    ["a start time", { debounce: valid, startTime: { seconds: 1n } }, "options.debounce"],
    ["a batch", { debounce: valid, batchId: "batch_1" }, "options.debounce"],
  ])("is refused with %s", (_, options, field) => {
    expect(parse(options).fields).toEqual([field]);
  });
});
