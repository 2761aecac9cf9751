import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ErrorReason, TriggerSchema, TriggerTaskRequestSchema, TriggerTasksRequestSchema } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { MAX_PAYLOAD_BYTES } from "./payload.ts";
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
