import { create } from "@bufbuild/protobuf";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { DebounceMode, TriggerSchema, type Trigger } from "@windlass/proto";
import { expect, it } from "vitest";
import { type TriggerFieldName, triggerOfFields } from "./trigger-of-fields.ts";

function triggerOf(fields: Partial<Record<TriggerFieldName, string>>, metadata = ""): Trigger {
  return create(
    TriggerSchema,
    triggerOfFields((name) => fields[name] ?? "", metadata),
  );
}

it("says nothing where nothing was filled in: all is the task's own", () => {
  const { options, ...rest } = triggerOf({});
  expect(rest).toMatchObject({ queue: "", maxAttempts: 0, tags: [], isTest: false, parentRunId: "", traceparent: "" });
  expect(options).toMatchObject({ idempotencyKey: "", priority: 0, maxDurationSeconds: 0, machine: "", version: "" });
  for (const name of ["idempotencyKeyTtl", "startTime", "ttl", "metadata", "debounce"] as const)
    expect(options?.[name]).toBeUndefined();
});

it("says everything that was filled in", () => {
  const trigger = triggerOf(
    {
      queue: "mail",
      maxAttempts: "7",
      tags: "one, two ,, three",
      isTest: "on",
      startTime: "2030-01-02T03:04:05Z",
      ttl: "1h 30m",
      maxDuration: "2m",
      priority: "30",
      machine: "micro",
      idempotencyKey: "order-7",
      idempotencyKeyTtl: "1d",
    },
    '{"a":1}',
  );
  expect(trigger).toMatchObject({ queue: "mail", maxAttempts: 7, tags: ["one", "two", "three"], isTest: true });
  const { options } = trigger;
  expect(options).toMatchObject({ priority: 30, machine: "micro", idempotencyKey: "order-7", maxDurationSeconds: 120 });
  expect(options?.startTime && timestampMs(options.startTime)).toBe(Date.parse("2030-01-02T03:04:05Z"));
  expect(options?.ttl && durationMs(options.ttl)).toBe(5_400_000);
  expect(options?.idempotencyKeyTtl && durationMs(options.idempotencyKeyTtl)).toBe(86_400_000);
  expect(new TextDecoder().decode(options?.metadata?.data)).toBe('{"a":1}');
});

it("debounces only by a key", () => {
  expect(triggerOf({ debounceDelay: "5s" }).options?.debounce).toBeUndefined();
  const { options } = triggerOf({ debounceKey: "k", debounceDelay: "5s", debounceMode: "TRAILING" });
  expect(options?.debounce).toMatchObject({ key: "k", mode: DebounceMode.TRAILING, delay: { seconds: 5n } });
  expect(options?.debounce?.maxDelay).toBeUndefined();
});
