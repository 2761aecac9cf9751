import { ErrorReason } from "@windlass/proto";
import { expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { internalAuthenticator, tokenMatcher } from "./principal.ts";

test("only the internal token is the internal token", async () => {
  const authenticate = internalAuthenticator("0123456789abcdef");
  expect(await authenticate("0123456789abcdef", "m")).toEqual({ kind: "internal" });
  for (const token of [undefined, "", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF"]) {
    expect(await failureOf(authenticate(token, "m"))).toMatchObject({ reason: ErrorReason.API_KEY_INVALID });
  }
});

test("tokens of any length can be compared", () => {
  const matches = tokenMatcher("x".repeat(10_000));
  expect(matches("x".repeat(10_000))).toBe(true);
  expect(matches("x".repeat(9_999))).toBe(false);
});
