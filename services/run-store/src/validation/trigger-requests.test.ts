import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  ErrorReason,
  RunOptionsSchema,
  TriggerSchema,
  TriggerTaskRequestSchema,
  TriggerTasksRequestSchema,
} from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { MAX_PAYLOAD_BYTES } from "./payload.ts";
import { NO_OPTIONS } from "./run-options.ts";
import { parseTriggerTask, parseTriggerTasks } from "./trigger-requests.ts";

const NOW_US = 1_700_000_000_000_000;

type TriggerInit = MessageInitShape<typeof TriggerSchema>;

const json = (text: string) => ({ data: new TextEncoder().encode(text), contentType: "application/json" });
const good = { requestId: "req-1", taskId: "hello-world", payload: json('{"message":"Hello world!"}') };

function parse(trigger: TriggerInit | undefined) {
  return parseTriggerTask(create(TriggerTaskRequestSchema, trigger === undefined ? {} : { trigger }), NOW_US);
}

function violationsOf(trigger: TriggerInit | undefined): CallFailure["violations"] {
  try {
    parse(trigger);
  } catch (error) {
    if (error instanceof CallFailure && error.reason === ErrorReason.FIELD_INVALID) return error.violations;
    throw error;
  }
  return [];
}

describe("a trigger", () => {
  it("becomes what is stored", () => {
    expect(
      parse({ ...good, queue: "mail", maxAttempts: 5, tags: ["a", "ü"], isTest: true, traceparent: "nonsense" }),
    ).toEqual({
      requestId: "req-1",
      taskId: "hello-world",
      payload: good.payload,
      queue: "mail",
      maxAttempts: 5,
      tags: ["a", "ü"],
      isTest: true,
      traceparent: "",
      parentRunId: "",
      options: NO_OPTIONS,
    });
  });

  it("need not have a payload", () => {
    expect(parse({ requestId: "r", taskId: "t" }).payload).toEqual({ data: new Uint8Array(0), contentType: "" });
    expect(parse({ requestId: "r", taskId: "t", payload: {} }).payload.contentType).toBe("");
  });

  it.each<[string, TriggerInit | undefined, string]>([
    ["missing", undefined, "trigger"],
    ["without request id", { taskId: "t" }, "trigger.request_id"],
    ["with a request id of other characters", { ...good, requestId: "a.b" }, "trigger.request_id"],
    ["with a long request id", { ...good, requestId: "x".repeat(65) }, "trigger.request_id"],
    ["without task id", { ...good, taskId: "" }, "trigger.task_id"],
    ["with NUL in the task id", { ...good, taskId: "a\0" }, "trigger.task_id"],
    ["with a broken task id", { ...good, taskId: "\ud83d" }, "trigger.task_id"],
    ["with a huge task id", { ...good, taskId: "x".repeat(10_240) }, "trigger.task_id"],
    ["with * in the queue", { ...good, queue: "*" }, "trigger.queue"],
    ["with > in the queue", { ...good, queue: "a.>" }, "trigger.queue"],
    ["with negative attempts", { ...good, maxAttempts: -1 }, "trigger.max_attempts"],
    ["with absurd attempts", { ...good, maxAttempts: 2 ** 31 - 1 }, "trigger.max_attempts"],
    ["with eleven tags", { ...good, tags: Array.from({ length: 11 }, (_, i) => `t${i}`) }, "trigger.tags"],
    ["with an empty tag", { ...good, tags: ["a", ""] }, "trigger.tags[1]"],
    ["with a long tag", { ...good, tags: ["x".repeat(129)] }, "trigger.tags[0]"],
    ["with a control in a tag", { ...good, tags: ["a\u001b[31m"] }, "trigger.tags[0]"],
    [
      "with an unknown content type",
      { ...good, payload: { ...good.payload, contentType: "text/html" } },
      "trigger.payload.content_type",
    ],
    [
      "with data of no type",
      { ...good, payload: { ...good.payload, contentType: "" } },
      "trigger.payload.content_type",
    ],
    ["with a payload that is not JSON", { ...good, payload: json("{oops") }, "trigger.payload.data"],
    ["with an empty payload", { ...good, payload: json("") }, "trigger.payload.data"],
    ["with a byte order mark", { ...good, payload: json("\ufeff1") }, "trigger.payload.data"],
    ["with NUL in the JSON", { ...good, payload: json('"\0"') }, "trigger.payload.data"],
    [
      "with superjson that is not JSON",
      { ...good, payload: { ...json("undefined"), contentType: "application/super+json" } },
      "trigger.payload.data",
    ],
    [
      "with bytes that are not UTF-8",
      { ...good, payload: { data: new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), contentType: "application/json" } },
      "trigger.payload.data",
    ],
    [
      "with too large a payload",
      { ...good, payload: json(`"${"x".repeat(MAX_PAYLOAD_BYTES)}"`) },
      "trigger.payload.data",
    ],
  ])("%s is refused by its field", (_, trigger, field) => {
    expect(violationsOf(trigger).map((violation) => violation.field)).toEqual([field]);
  });

  it("is told all that is wrong at once, and how large a payload may be", () => {
    const violations = violationsOf({ payload: json(`"${"x".repeat(MAX_PAYLOAD_BYTES)}"`), tags: [""] });
    expect(violations.map((violation) => violation.field)).toEqual([
      "trigger.request_id",
      "trigger.task_id",
      "trigger.payload.data",
      "trigger.tags[0]",
    ]);
    expect(violations[2]?.description).toContain("at most 3145728 bytes (3 MB)");
  });

  it("may be as large as 3 MB exactly", () => {
    expect(violationsOf({ ...good, payload: json(`"${"x".repeat(MAX_PAYLOAD_BYTES - 2)}"`) })).toEqual([]);
  });

  it("keeps __proto__ as data and harms nobody", () => {
    const payload = json('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    expect(parse({ ...good, payload }).payload).toEqual(payload);
    expect("polluted" in {}).toBe(false);
  });

  it("may nest as deep as its bytes reach", () => {
    const depth = 100_000;
    expect(violationsOf({ ...good, payload: json("[".repeat(depth) + "]".repeat(depth)) })).toEqual([]);
  });
});

describe("the options of a trigger", () => {
  const options = (init: NonNullable<TriggerInit["options"]>) => ({ ...good, options: init });
  const seconds = (value: number) => ({ seconds: BigInt(value), nanos: 0 });

  it("are stored as they are, but for the metadata, and cost nothing when none is given", () => {
    expect(parse({ ...good, options: {} }).options).toEqual(NO_OPTIONS);
    const given = { priority: 5, ttl: seconds(60), concurrencyKey: "user-1", maxDurationSeconds: 30, machine: "micro" };
    const parsed = parse(options({ ...given, metadata: json('{"a":1}') })).options;
    expect(fromBinary(RunOptionsSchema, parsed.encoded ?? new Uint8Array())).toMatchObject(given);
    expect(parsed).toMatchObject({ machine: "micro", metadata: json('{"a":1}').data });
    expect(parse(options({ idempotencyKey: "k" })).options.idempotency).toEqual({ key: "k", ttlMs: 30 * 86_400_000 });
    expect(parse(options({ startTime: seconds(1_800_000_000) })).options.startTimeUs).toBe(1.8e15);
  });

  it.each<[string, NonNullable<TriggerInit["options"]>, string, string]>([
    ["a long idempotency key", { idempotencyKey: "x".repeat(513) }, "idempotency_key", "512"],
    ["NUL in the idempotency key", { idempotencyKey: "a\0" }, "idempotency_key", "control"],
    ["a lifetime without a key", { idempotencyKeyTtl: seconds(5) }, "idempotency_key_ttl", "without"],
    ["a key that never lives", { idempotencyKey: "k", idempotencyKeyTtl: seconds(0) }, "idempotency_key_ttl", "365"],
    ["a start in the far future", { startTime: seconds(3e9) }, "start_time", "10 years"],
    ["a ttl of nothing", { ttl: seconds(0) }, "ttl", "more than 0"],
    ["a negative priority", { priority: -1 }, "priority", "31536000"],
    ["a huge priority", { priority: 31_536_001 }, "priority", "31536000"],
    ["a long concurrency key", { concurrencyKey: "x".repeat(129) }, "concurrency_key", "128"],
    ["too short a duration", { maxDurationSeconds: 4 }, "max_duration_seconds", "from 5"],
    ["an unknown machine", { machine: "huge" }, "machine", "large-2x"],
    ["a batch id of another form", { batchId: "mine" }, "batch_id", "batch_"],
    ["a batch id that is too long", { batchId: `batch_${"x".repeat(65)}` }, "batch_id", "70"],
    ["a long version", { version: "x".repeat(65) }, "version", "64"],
    ["metadata that is no object", { metadata: json("[1]") }, "metadata.data", "object"],
    ["metadata that is no JSON", { metadata: json("{") }, "metadata.data", "JSON"],
    [
      "metadata of superjson",
      { metadata: { ...json("{}"), contentType: "application/super+json" } },
      "metadata.content_type",
      "application/json",
    ],
    ["large metadata", { metadata: json(`{"a":"${"x".repeat(262_144)}"}`) }, "metadata.data", "256 KB"],
  ])("%s is refused, by field and limit", (_, init, field, limit) => {
    const [violation] = violationsOf(options(init));
    expect(violation?.field).toBe(`trigger.options.${field}`);
    expect(violation?.description).toContain(limit);
  });

  it("a parent is named by an id", () => {
    expect(parse({ ...good, parentRunId: "run_1" }).parentRunId).toBe("run_1");
    expect(violationsOf({ ...good, parentRunId: "run 1" })[0]?.field).toBe("trigger.parent_run_id");
  });

  it("a payload of superjson is its envelope", () => {
    const superjson = (text: string) => ({ ...json(text), contentType: "application/super+json" });
    expect(parse({ ...good, payload: superjson('{"json":1,"meta":{}}') }).payload.contentType).toBe(
      "application/super+json",
    );
    expect(violationsOf({ ...good, payload: superjson("1") })[0]?.field).toBe("trigger.payload.data");
  });
});

describe("a message of triggers", () => {
  it("fails item by item", () => {
    const items = parseTriggerTasks(
      create(TriggerTasksRequestSchema, { triggers: [good, { ...good, taskId: "" }, good] }),
      NOW_US,
    );
    expect(items.map((item) => item instanceof CallFailure)).toEqual([false, true, false]);
    expect((items[1] as CallFailure).violations[0]?.field).toBe("triggers[1].task_id");
  });

  it.each([0, 1001])("of %i items is refused as a whole", (count) => {
    const request = create(TriggerTasksRequestSchema, { triggers: Array.from({ length: count }, () => good) });
    expect(() => parseTriggerTasks(request, NOW_US)).toThrow(`triggers must have 1 to 1000 items; it has ${count}.`);
  });
});
