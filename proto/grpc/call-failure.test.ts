import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { ErrorReason } from "../index.ts";
import {
  CallFailure,
  asCallFailure,
  callErrorFromFailure,
  callFailureFromError,
  callFailureFromServiceError,
  callFailureToServiceError,
  fieldInvalid,
  reasonFromName,
  reasonName,
} from "../grpc.ts";

const reasons = Object.entries(ErrorReason).filter(([name]) => name !== "UNSPECIFIED");

describe("a failure keeps everything", () => {
  test.each(reasons)("%s, as a status and as a stream item", (name, reason) => {
    const failure = new CallFailure({
      code: status.FAILED_PRECONDITION,
      reason,
      message: `About ${name} — ünïcode, 100 %, "quotes"\nand a second line.`,
      violations: [
        { field: "trigger.tags[3]", description: "is longer than 128 characters." },
        { field: "", description: "is empty." },
      ],
      retryAfterMs: 1_500,
    });
    const read = callFailureFromServiceError(callFailureToServiceError(failure));
    expect(read).toEqual(failure);
    expect(read.retryAfterMs).toBe(1_500);
    const item = callFailureFromError(callErrorFromFailure(failure));
    expect(item).toMatchObject({
      code: failure.code,
      reason,
      message: failure.message,
      violations: failure.violations,
      retryAfterMs: 1_500,
    });
  });

  test("names and numbers of reasons are the same set", () => {
    for (const [name, reason] of reasons) {
      expect(reasonName(reason)).toBe(name);
      expect(reasonFromName(name)).toBe(reason);
    }
    expect(reasonFromName("NO_SUCH_REASON")).toBeUndefined();
  });
});

describe("a status that is not ours still gets a reason", () => {
  test.each([
    [status.UNAVAILABLE, "Connection dropped", ErrorReason.NOT_READY],
    [status.DEADLINE_EXCEEDED, "Deadline exceeded", ErrorReason.CALL_ENDED],
    [status.CANCELLED, "Cancelled on client", ErrorReason.CALL_ENDED],
    [status.UNAUTHENTICATED, "who are you", ErrorReason.API_KEY_INVALID],
    [status.PERMISSION_DENIED, "no", ErrorReason.NOT_PERMITTED],
    [status.INVALID_ARGUMENT, "bad", ErrorReason.FIELD_INVALID],
    [status.RESOURCE_EXHAUSTED, "Received message larger than max (5 vs 4)", ErrorReason.FIELD_INVALID],
    [status.RESOURCE_EXHAUSTED, "Bandwidth exhausted", ErrorReason.OVERLOADED],
    [status.UNIMPLEMENTED, "The server does not implement the method /a/B", ErrorReason.METHOD_UNKNOWN],
    [status.UNKNOWN, "?", ErrorReason.INTERNAL],
  ])("%i %s", (code, details, reason) => {
    const failure = callFailureFromServiceError({ code, details, metadata: new Metadata() });
    expect(failure).toMatchObject({ code, reason, message: details, violations: [] });
  });

  test("also when its details are not a google.rpc.Status", () => {
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff, 0xff]));
    const failure = callFailureFromServiceError({ code: status.NOT_FOUND, details: "gone", metadata });
    expect(failure).toMatchObject({ code: status.NOT_FOUND, reason: ErrorReason.INTERNAL, message: "gone" });
  });

  test("and anything else that was thrown is INTERNAL, with itself as the cause", () => {
    const thrown = new TypeError("x is not a function");
    const failure = callFailureFromServiceError(thrown);
    expect(failure).toMatchObject({ code: status.INTERNAL, reason: ErrorReason.INTERNAL, cause: thrown });
    expect(failure.message).not.toContain("x is not a function");
    expect(asCallFailure(failure)).toBe(failure);
  });
});

test("trailers stay small whatever a failure says", () => {
  const violations = Array.from({ length: 10_000 }, (_, index) => ({
    field: `triggers[${index}].${"f".repeat(10_000)}`,
    description: "d".repeat(10_000),
  }));
  const { details, metadata } = callFailureToServiceError(
    new CallFailure({
      code: status.INVALID_ARGUMENT,
      reason: ErrorReason.FIELD_INVALID,
      message: "m".repeat(1e6),
      violations,
    }),
  );
  const [bytes] = metadata.get("grpc-status-details-bin");
  expect(details.length + (bytes?.length ?? 0) * (4 / 3)).toBeLessThan(48 * 1024);
  const read = callFailureFromServiceError({ code: status.INVALID_ARGUMENT, details, metadata });
  expect(read.violations.length).toBeGreaterThan(10);
  expect(read.violations[0]?.field).toMatch(/^triggers\[0\]\.f+…$/);
});

test("half a surrogate pair in a message becomes U+FFFD, since grpc-js cannot send it", () => {
  const { details } = callFailureToServiceError(fieldInvalid({ field: "task_id", description: "is \ud800" }));
  expect(details).toBe("task_id is \ufffd");
});

test("fieldInvalid says the first violation and counts the others", () => {
  const failure = fieldInvalid({ field: "a", description: "is empty." }, { field: "b", description: "is empty." });
  expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: ErrorReason.FIELD_INVALID });
  expect(failure.message).toBe("a is empty. (and 1 more)");
  expect(failure.violations).toHaveLength(2);
});
