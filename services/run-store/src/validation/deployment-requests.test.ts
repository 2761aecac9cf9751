import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DeploymentHeaderSchema, ListDeploymentsRequestSchema, type RetryPolicySchema } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import {
  MAX_BUNDLE_BYTES,
  MAX_CHUNK_BYTES,
  parseChunk,
  parseDeploymentHeader,
  parseListDeployments,
} from "./deployment-requests.ts";

type Header = MessageInitShape<typeof DeploymentHeaderSchema>;
type Retry = MessageInitShape<typeof RetryPolicySchema>;

const retry = { maxAttempts: 3, factor: 2, minTimeoutMs: 1000n, maxTimeoutMs: 60_000n, randomize: true };
const task = { id: "hello", filePath: "src/hello.ts", exportName: "hello", queue: "", retry };
const header = { bundleHash: "a".repeat(64), bundleSize: 10n, tasks: [task] };

function violationsOf(init: Header): CallFailure["violations"] {
  try {
    parseDeploymentHeader(create(DeploymentHeaderSchema, init));
  } catch (error) {
    if (error instanceof CallFailure) return error.violations;
    throw error;
  }
  return [];
}
const withTask = (change: object): Header => ({ ...header, tasks: [{ ...task, ...change }] });
const withRetry = (change: Retry): Header => withTask({ retry: { ...retry, ...change } });

describe("the header of an upload", () => {
  it("gives a task without a queue its own", () => {
    const parsed = parseDeploymentHeader(
      create(DeploymentHeaderSchema, {
        ...header,
        tasks: [task, { ...task, id: "two words", queue: "task/two words" }, { ...task, id: "c", queue: "mail" }],
      }),
    );
    expect(parsed.tasks.map(({ queue }) => queue)).toEqual(["task/hello", "task/two words", "mail"]);
    expect(parsed.tasks[0]?.retry).toEqual({
      maxAttempts: 3,
      factor: 2,
      minTimeoutMs: 1000,
      maxTimeoutMs: 60_000,
      randomize: true,
      outOfMemoryMachine: null,
      isDisabledInDevelopment: false,
    });
  });

  it("keeps the schema of a payload as it is written, and none where none is", () => {
    const payloadSchemaJson = '{ "type": "object" }';
    const tasks = [
      { ...task, payloadSchemaJson },
      { ...task, id: "other" },
    ];
    const parsed = parseDeploymentHeader(create(DeploymentHeaderSchema, { ...header, tasks })).tasks;
    expect(parsed.map((each) => each.payloadSchemaJson)).toEqual([payloadSchemaJson, null]);
  });

  it.each([
    { payloadSchemaJson: "{", problem: /^must be JSON/u },
    { payloadSchemaJson: "[]", problem: /^must be a JSON object/u },
    { payloadSchemaJson: "true", problem: /^must be a JSON object/u },
    { payloadSchemaJson: JSON.stringify({ title: "x".repeat(65_536) }), problem: /^must be at most 65536 bytes/u },
  ])(
    "refuses a schema of a payload that is no JSON object of at most 64 KB: $problem",
    ({ payloadSchemaJson, problem }) => {
      expect(violationsOf(withTask({ payloadSchemaJson }))).toEqual([
        { field: "header.tasks[0].payload_schema_json", description: expect.stringMatching(problem) },
      ]);
    },
  );

  it("counts schemas among the texts of a version", () => {
    const payloadSchemaJson = JSON.stringify({ title: "x".repeat(60_000) });
    const tasks = Array.from({ length: 70 }, (_, nth) => ({ ...task, id: `task-${nth}`, payloadSchemaJson }));
    expect(violationsOf({ ...header, tasks })).toMatchObject([
      { field: "header.tasks", description: expect.stringContaining("must have at most 4194304 characters") },
    ]);
  });

  it("keeps what a task says of its machine, its time limit, its queue and itself, and fills in what it does not say", () => {
    const said = {
      description: "greets",
      machine: "large-1x",
      needsFreshProcess: true,
      maxDurationSeconds: 60,
      queueConcurrencyLimit: 2,
    };
    const policy = { ...retry, outOfMemoryMachine: "large-2x", isDisabledInDevelopment: true };
    const tasks = [
      { ...task, ...said, retry: policy },
      { ...task, id: "other" },
    ];
    const parsed = parseDeploymentHeader(create(DeploymentHeaderSchema, { ...header, tasks })).tasks;
    expect(parsed[0]).toMatchObject({
      ...said,
      retry: { outOfMemoryMachine: "large-2x", isDisabledInDevelopment: true },
    });
    expect(parsed[1]).toMatchObject({
      description: "",
      machine: "small-1x",
      needsFreshProcess: false,
      maxDurationSeconds: null,
      queueConcurrencyLimit: null,
    });
  });

  it.each<[Header, string]>([
    [withTask({ machine: "huge" }), "header.tasks[0].machine"],
    [withTask({ maxDurationSeconds: 4 }), "header.tasks[0].max_duration_seconds"],
    [withTask({ queueConcurrencyLimit: -1 }), "header.tasks[0].queue_concurrency_limit"],
    [withTask({ description: "x".repeat(1_001) }), "header.tasks[0].description"],
    [withRetry({ outOfMemoryMachine: "huge" }), "header.tasks[0].retry.out_of_memory_machine"],
    [{ ...header, bundleHash: "" }, "header.bundle_hash"],
    [{ ...header, bundleHash: "A".repeat(64) }, "header.bundle_hash"],
    [{ ...header, bundleHash: "a".repeat(63) }, "header.bundle_hash"],
    [{ ...header, bundleSize: 0n }, "header.bundle_size"],
    [{ ...header, bundleSize: -1n }, "header.bundle_size"],
    [{ ...header, bundleSize: BigInt(MAX_BUNDLE_BYTES) + 1n }, "header.bundle_size"],
    [{ ...header, bundleSize: 2n ** 63n - 1n }, "header.bundle_size"],
    [{ ...header, tasks: [] }, "header.tasks"],
    [
      { ...header, tasks: Array.from({ length: 10_001 }, (_, index) => ({ ...task, id: `t${index}` })) },
      "header.tasks",
    ],
    [
      {
        ...header,
        tasks: Array.from({ length: 5000 }, (_, index) => ({ ...task, id: `t${index}`, filePath: "x".repeat(1000) })),
      },
      "header.tasks",
    ],
    [withTask({ id: "" }), "header.tasks[0].id"],
    [withTask({ id: "a\0" }), "header.tasks[0].id"],
    [withTask({ id: "x".repeat(257) }), "header.tasks[0].id"],
    [withTask({ filePath: "" }), "header.tasks[0].file_path"],
    [withTask({ filePath: "a\nb" }), "header.tasks[0].file_path"],
    [withTask({ exportName: "x".repeat(257) }), "header.tasks[0].export_name"],
    [withTask({ queue: "a b" }), "header.tasks[0].queue"],
    [withTask({ retry: undefined }), "header.tasks[0].retry"],
    [withRetry({ maxAttempts: 0 }), "header.tasks[0].retry.max_attempts"],
    [withRetry({ maxAttempts: 101 }), "header.tasks[0].retry.max_attempts"],
    [withRetry({ factor: 0.5 }), "header.tasks[0].retry.factor"],
    [withRetry({ factor: Number.NaN }), "header.tasks[0].retry.factor"],
    [withRetry({ factor: Number.POSITIVE_INFINITY }), "header.tasks[0].retry.factor"],
    [withRetry({ minTimeoutMs: -1n }), "header.tasks[0].retry.min_timeout_ms"],
    [withRetry({ minTimeoutMs: 60_001n }), "header.tasks[0].retry.min_timeout_ms"],
    [withRetry({ maxTimeoutMs: 86_400_001n }), "header.tasks[0].retry.max_timeout_ms"],
    [withRetry({ maxTimeoutMs: 2n ** 63n - 1n }), "header.tasks[0].retry.max_timeout_ms"],
  ])("is refused by its field (%#)", (init, field) => {
    expect(violationsOf(init).map((violation) => violation.field)).toEqual([field]);
  });

  it("names both files of two tasks with one id", () => {
    const [violation] = violationsOf({ ...header, tasks: [task, { ...task, filePath: "src/other.ts" }] });
    expect(violation).toEqual({
      field: "header.tasks[1].id",
      description: 'must be unique; "hello" is defined in "src/hello.ts" and in "src/other.ts".',
    });
  });

  it("stops counting mistakes", () => {
    const tasks = Array.from({ length: 10_000 }, () => ({ id: "" }));
    expect(violationsOf({ ...header, tasks }).length).toBeLessThan(60);
  });
});

it("takes chunks of 1 byte to 1 MB", () => {
  expect(parseChunk(new Uint8Array(MAX_CHUNK_BYTES))).toHaveLength(MAX_CHUNK_BYTES);
  expect(() => parseChunk(new Uint8Array(0))).toThrow("chunk must have 1 to 1048576 bytes; it has 0.");
  expect(() => parseChunk(new Uint8Array(MAX_CHUNK_BYTES + 1))).toThrow("it has 1048577.");
});

it.each([-1, 101])("refuses a page of %i deployments", (pageSize) => {
  expect(() => parseListDeployments(create(ListDeploymentsRequestSchema, { pageSize }))).toThrow(
    "page_size must be a whole number from 0 to 100",
  );
});
