import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { LogLevel } from "../gen/windlass/v1/run_event_pb.ts";
import { WatchRunResponseSchema } from "../gen/windlass/v1/run_service_pb.ts";
import { RunErrorSchema } from "../gen/windlass/v1/run_error_pb.ts";
import { GetWorkerConfigResponseSchema, SessionRequestSchema } from "../gen/windlass/worker/v1/worker_service_pb.ts";
import { hasMoreFieldsThan } from "./field-count.ts";

const repeat = (count: number, ...bytes: number[]) =>
  Uint8Array.from({ length: count * bytes.length }, (_, index) => bytes[index % bytes.length] ?? 0);

/** A field of this number with these bytes. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let left = bytes.byteLength; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Uint8Array.from([(number << 3) | 2, ...length, ...bytes]);
}

describe("the fields of an encoded message", () => {
  it("are counted at all depths", () => {
    const record = { message: "x".repeat(1_000), attemptNumber: 1, level: LogLevel.INFO };
    const request = create(SessionRequestSchema, {
      messages: [1, 2, 3].map(() => ({ body: { case: "log" as const, value: { record } } })),
    });
    // For each message: itself, its log, the record, and that one's three.
    const bytes = toBinary(SessionRequestSchema, request);
    expect(hasMoreFieldsThan(18, SessionRequestSchema, bytes)).toBe(false);
    expect(hasMoreFieldsThan(17, SessionRequestSchema, bytes)).toBe(true);
  });

  it.each([
    ["empty messages", SessionRequestSchema, repeat(1_000, 0x0a, 0)],
    ["empty messages within one", RunErrorSchema, field(5, repeat(1_000, 0x2a, 0))],
    ["fields that nobody knows", WatchRunResponseSchema, repeat(1_000, 0x78, 1)],
    ["groups", WatchRunResponseSchema, repeat(1_000, 0x7b, 0x7c)],
    ["entries of a map", GetWorkerConfigResponseSchema, repeat(1_000, 0x0a, 0)],
  ])("are many: %s", (_, schema, bytes) => {
    expect(hasMoreFieldsThan(999, schema, bytes)).toBe(true);
    expect(hasMoreFieldsThan(2_001, schema, bytes)).toBe(false);
  });

  it("are too many when they are nested absurdly deep", () => {
    let bytes = new Uint8Array();
    for (let depth = 0; depth < 100; depth += 1) bytes = Uint8Array.from(field(5, bytes));
    expect(hasMoreFieldsThan(101, RunErrorSchema, bytes)).toBe(true);
  });

  it("are not looked for in text, nor in what is malformed", () => {
    const text = create(RunErrorSchema, { message: "\n\u0000".repeat(1_000) });
    expect(hasMoreFieldsThan(5, RunErrorSchema, toBinary(RunErrorSchema, text))).toBe(false);
    expect(hasMoreFieldsThan(5, RunErrorSchema, Uint8Array.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2]))).toBe(
      false,
    );
  });
});
