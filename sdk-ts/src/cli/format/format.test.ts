import { describe, expect, it } from "vitest";
import { formatDuration } from "./duration.ts";
import { jsonText } from "./json-text.ts";
import { oneLine, plainText } from "./plain-text.ts";
import { tableLines } from "./table.ts";

describe("text that came from elsewhere", () => {
  it("gives a terminal no orders", () => {
    expect(plainText("a\u001b]0;title\u0007b\rc\td\r\ne")).toBe("a\\x1b]0;title\\x07b\\x0dc\td\ne");
  });

  it("fits on one line", () => {
    expect(oneLine("a\n  b\n\nc")).toBe("a b c");
    expect(oneLine("abcdef", 4)).toBe("abc…");
  });
});

describe("JSON", () => {
  it("holds what JSON cannot in its nearest form", () => {
    const value = {
      big: 10n,
      map: new Map([["a", 1]]),
      set: new Set([1]),
      date: new Date(0),
      regexp: /a/g,
      error: new TypeError("x"),
    };
    expect(JSON.parse(jsonText(value))).toEqual({
      big: "10",
      map: [["a", 1]],
      set: [1],
      date: "1970-01-01T00:00:00.000Z",
      regexp: "/a/g",
      error: { name: "TypeError", message: "x" },
    });
    expect(jsonText(undefined)).toBe("null");
  });
});

describe("durations", () => {
  it.each([
    [0.4, "0 ms"],
    [999, "999 ms"],
    [1_500, "1.5 s"],
    [90_000, "1 min"],
    [7_260_000, "2 h 1 min"],
  ])("%d ms is %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});

it("a table has columns as wide as their widest cell", () => {
  expect(
    tableLines([
      ["a", "b"],
      ["longer", ""],
    ]),
  ).toEqual(["a       b", "longer"]);
});
