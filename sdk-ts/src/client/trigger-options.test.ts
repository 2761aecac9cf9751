import { durationFromMs, durationMs, timestampDate, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";
import { DebounceMode } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { timeout } from "../run/timeout.ts";
import { parseDurationMs } from "./duration.ts";
import { checkTriggerOptions, type TriggerOptions } from "./trigger-options.ts";

const NOW = Date.UTC(2026, 0, 1);

beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("every option reaches the wire", () => {
  it("queue, maxAttempts, tags, isTest", () => {
    expect(checkTriggerOptions({ queue: { name: "q" }, maxAttempts: 5, tags: "one", isTest: true })).toEqual({
      queue: "q",
      maxAttempts: 5,
      tags: ["one"],
      isTest: true,
    });
  });

  it.each([
    ["1h30m", 5_400_000],
    ["1w2d", 777_600_000],
    ["90s", 90_000],
    [new Date(NOW + 1_000), 1_000],
    ["2026-01-02T00:00:00Z", 86_400_000],
  ])("delay %s", (delay, afterMs) => {
    const { startTime } = optionsOf({ delay });
    expect(timestampDate(startTime as Timestamp)).toEqual(new Date(NOW + afterMs));
  });

  it.each([
    ["10m", 600_000],
    [90, 90_000],
  ])("ttl %s", (ttl, ms) => expect(durationMs(optionsOf({ ttl }).ttl as Duration)).toBe(ms));

  it("idempotency key, alone or of several parts, and how long it holds", () => {
    expect(optionsOf({ idempotencyKey: "a" })).toEqual({ idempotencyKey: "a" });
    const { idempotencyKey, idempotencyKeyTtl } = optionsOf({ idempotencyKey: ["a", "b"], idempotencyKeyTTL: "1d" });
    expect([idempotencyKey, durationMs(idempotencyKeyTtl as Duration)]).toEqual(["a-b", 86_400_000]);
  });

  it("priority, concurrency key, maxDuration, machine, version", () => {
    const machine = { preset: "large-1x" } as const;
    expect(optionsOf({ priority: 10, concurrencyKey: "user-1", maxDuration: 60, machine, version: "1.2" })).toEqual({
      priority: 10,
      concurrencyKey: "user-1",
      maxDurationSeconds: 60,
      machine: "large-1x",
      version: "1.2",
    });
    expect(optionsOf({ maxDuration: timeout.None })).toEqual({ maxDurationSeconds: 2_147_483_647 });
  });

  it("debounce: without a mode the first trigger counts", () => {
    const { debounce } = optionsOf({ debounce: { key: "a", delay: "5s" } });
    expect(debounce).toEqual({ key: "a", mode: DebounceMode.LEADING, delay: durationFromMs(5_000) });
    const trailing = optionsOf({ debounce: { key: "a", delay: "5s", mode: "trailing", maxDelay: "1m" } }).debounce;
    expect(trailing).toMatchObject({ mode: DebounceMode.TRAILING, maxDelay: durationFromMs(60_000) });
  });

  it("metadata, as JSON", () => {
    const { metadata } = optionsOf({ metadata: { a: [1] } });
    expect(Buffer.from(metadata?.data ?? []).toString()).toBe('{"a":[1]}');
  });

  it("and what is not said costs nothing", () => {
    expect(checkTriggerOptions({ delay: undefined, tags: [] })).not.toHaveProperty("options");
  });
});

describe("a value out of range is refused with the option's name", () => {
  it.each<[string, unknown]>([
    ["delay", "soon"],
    ["delay", ""],
    ["delay", new Date(Number.NaN)],
    ["delay", 5],
    ["ttl", 0],
    ["ttl", "1 hour"],
    ["ttl", -1],
    ["idempotencyKey", ""],
    ["idempotencyKey", "a\nb"],
    ["idempotencyKey", "x".repeat(513)],
    ["idempotencyKey", []],
    ["idempotencyKeyTTL", "never"],
    ["priority", -1],
    ["priority", 1.5],
    ["priority", 31_536_001],
    ["concurrencyKey", "x".repeat(129)],
    ["maxDuration", 4],
    ["maxDuration", 2 ** 31],
    ["machine", "gigantic"],
    ["metadata", [1]],
    ["version", ""],
    ["delay", "-1h"],
    ["delay", new Date(8.64e15)],
    ["delay", "999999999w"],
    ["concurrencyKey", "a\0b"],
    ["idempotencyKey", 5],
    ["debounce", "a"],
    ["delays", "1h"],
  ])("%s: %j", (name, value) => {
    expect(() => checkTriggerOptions({ [name]: value }, "items[3].options")).toThrow(
      expect.objectContaining({
        reason: "FIELD_INVALID",
        violations: [expect.objectContaining({ field: `items[3].options.${name}` })],
      }),
    );
  });

  it.each<[string, unknown]>([
    [".key", { key: "", delay: "1s" }],
    [".key", { key: "x".repeat(513), delay: "1s" }],
    [".delay", { key: "a" }],
    [".delay", { key: "a", delay: "-5s" }],
    [".delay", { key: "a", delay: "31d" }],
    [".mode", { key: "a", delay: "1s", mode: "first" }],
    [".maxDelay", { key: "a", delay: "10s", maxDelay: "5s" }],
    [".maximum", { key: "a", delay: "10s", maximum: "50s" }],
  ])("debounce%s: %j", (place, debounce) => {
    expect(() => checkTriggerOptions({ debounce } as never)).toThrow(
      expect.objectContaining({ violations: [expect.objectContaining({ field: `options.debounce${place}` })] }),
    );
  });

  it.each([{ delay: "1h" }, { idempotencyKey: "k" }])("debounce beside %j", (options) => {
    expect(() => checkTriggerOptions({ ...options, debounce: { key: "a", delay: "1s" } })).toThrow(
      "options.debounce cannot be given together with delay or idempotencyKey",
    );
  });

  it("metadata with its place", () => {
    const metadata = { a: [() => {}] } as unknown as Record<string, never>;
    expect(() => checkTriggerOptions({ metadata })).toThrow("options.metadata.a[0] is a function");
  });
});

it("durations name their units from the largest to the smallest", () => {
  expect(["1s", "1m", "1h", "1hr", "1d", "1w", "1w1d1h1m1s"].map(parseDurationMs)).toEqual([
    1_000, 60_000, 3_600_000, 3_600_000, 86_400_000, 604_800_000, 694_861_000,
  ]);
  expect(["", "1", "m", "1m1h", "-1s", "1.5h", "1 s", "1y"].map(parseDurationMs)).toEqual(Array(8).fill(undefined));
});

function optionsOf(options: TriggerOptions) {
  return checkTriggerOptions(options).options ?? {};
}
