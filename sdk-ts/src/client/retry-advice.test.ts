import { describe, expect, it } from "vitest";
import { retryAdviceOf } from "./retry-advice.ts";
import { invalidField, WindlassError, type WindlassErrorReason } from "./windlass-error.ts";

describe("an error of the SDK's calls", () => {
  it.each<WindlassErrorReason>([
    "NOT_CONFIGURED",
    "API_KEY_INVALID",
    "RUN_NOT_FOUND",
    "TOKEN_NOT_FOUND",
    "NOT_PERMITTED",
  ])("that a repeat cannot mend is not retried: %s", (reason) =>
    expect(retryAdviceOf(new WindlassError(reason, "no"))).toEqual({ skipRetrying: true }),
  );

  it("about a field is not retried", () => {
    expect(retryAdviceOf(invalidField("payload", "is wrong."))).toEqual({ skipRetrying: true });
  });

  it.each<WindlassErrorReason>(["NOT_READY", "OVERLOADED", "INTERNAL", "CALL_ENDED"])(
    "that may pass is retried as any other: %s",
    (reason) => expect(retryAdviceOf(new WindlassError(reason, "no"))).toBeUndefined(),
  );

  it("waits for the moment that the cluster names", () => {
    const retryAt = new Date(5_000);
    expect(retryAdviceOf(new WindlassError("OVERLOADED", "no", { retryAt }))).toEqual({ retryAt });
  });

  it("counts when another copy of the SDK threw it", () => {
    const error = Object.assign(new Error("no"), { name: "WindlassError", reason: "FIELD_INVALID" });
    expect(retryAdviceOf(error)).toEqual({ skipRetrying: true });
  });
});

describe("anything else gets no advice, and does no harm", () => {
  const trap = new Proxy(new Error("no"), {
    get: () => {
      throw new Error("a trap");
    },
    getPrototypeOf: () => {
      throw new Error("a trap");
    },
  });
  it.each([undefined, null, "text", new Error("no"), { name: "WindlassError", reason: "FIELD_INVALID" }, trap])(
    "case %#",
    (thrown) => expect(retryAdviceOf(thrown)).toBeUndefined(),
  );
});
