import type { Violation } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { CANCEL_REASON, QUEUE, SLUG, TASK_ID } from "./field-rules.ts";
import { parseText, type TextRule } from "./text-rule.ts";

function problem(text: string, rule: TextRule): string | undefined {
  const violations: Violation[] = [];
  parseText(text, rule, "f", violations);
  return violations[0]?.description;
}

describe("text without an alphabet", () => {
  it.each([
    ["a"],
    ["hello world"],
    ["*"],
    [">"],
    ["a.b/c"],
    ["__proto__"],
    ["größe"],
    ["日本語"],
    ["👩‍👩‍👧"],
    ["x".repeat(256)],
    ["👍".repeat(256)],
  ])("takes %j", (text) => {
    expect(problem(text, TASK_ID)).toBeUndefined();
  });

  it.each([
    ["", "it is empty"],
    ["x".repeat(257), "it has 257"],
    ["👍".repeat(257), "it has 257"],
    ["x".repeat(10_240), "it has 10240"],
    ["a\0b", String.raw`"a\u{0}b"`],
    ["a\nb", String.raw`"a\u{a}b"`],
    ["a\u007fb", String.raw`"a\u{7f}b"`],
    ["a\u0085b", String.raw`"a\u{85}b"`],
    ["a\ud800b", String.raw`"a\u{d800}b"`],
    ["\udc00", String.raw`"\u{dc00}"`],
    ["a\ufffdb", '"a\ufffdb"'],
  ])("refuses %j and says the limit and what it got", (text, shown) => {
    expect(problem(text, TASK_ID)).toContain("must be 1 to 256 characters without control characters; ");
    expect(problem(text, TASK_ID)).toContain(shown);
  });

  it("takes tabs and line breaks where people write, and no other controls", () => {
    expect(problem("first\r\n\tsecond", CANCEL_REASON)).toBeUndefined();
    expect(problem("", CANCEL_REASON)).toBeUndefined();
    expect(problem("bell\u0007", CANCEL_REASON)).toContain("at most 1000 characters");
    expect(problem("nul\0", CANCEL_REASON)).toContain("at most 1000 characters");
    expect(problem("x".repeat(1001), CANCEL_REASON)).toContain("it has 1001");
  });
});

describe("text with an alphabet", () => {
  it.each([["a"], ["task/a.b_c-D"], ["x".repeat(128)]])("takes %j", (text) => {
    expect(problem(text, QUEUE)).toBeUndefined();
  });

  it.each([["a b"], ["a*"], ["a>"], ["a\n"], ["a\0"], ["ä"], ["\ud800"], ["x".repeat(129)], [""]])(
    "refuses %j",
    (text) => {
      expect(problem(text, QUEUE)).toContain("must be 1 to 128 characters of A-Z a-z 0-9 _ - / .;");
    },
  );

  it("tells cases apart", () => {
    expect(problem("prod", SLUG)).toBeUndefined();
    expect(problem("Prod", SLUG)).toContain("a-z 0-9 -");
  });
});

it("repeats at most 64 characters of a wrong value", () => {
  const text = problem("\0".repeat(300), TASK_ID) ?? "";
  expect(text.match(/\\u\{0\}/g)).toHaveLength(64);
  expect(text).toContain("...");
});
