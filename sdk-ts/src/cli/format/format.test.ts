import { describe, expect, it } from "vitest";
import { formatDuration } from "./duration.ts";
import { eventLine, processEndedLines } from "./event-line.ts";
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

describe("the end of a process", () => {
  const plain = (_style: unknown, text: string) => text;
  const ended = { seq: 3, time: new Date(), type: "process-ended", attempt: 2 } as const;
  const withoutTime = (line: string) => line.replace(/^[0-9:.]+ +/, "");

  it("is told with all of the output that is kept, made safe for a terminal", () => {
    const output = "first\n\u001b[31msecond\n";
    const lines = processEndedLines({ ...ended, exitCode: 3, output, omittedOutputBytes: 70 }, plain);
    expect(lines.map((line) => withoutTime(line).trim())).toEqual([
      "process of attempt 2 ended by exit code 3, its output (the end of it; 70 bytes came before):",
      "first",
      "\\x1b[31msecond",
    ]);
    const silent = processEndedLines({ ...ended, signal: "SIGKILL", output: "", omittedOutputBytes: 0 }, plain);
    expect(silent.map(withoutTime)).toEqual(["process of attempt 2 ended by SIGKILL"]);
  });

  it("is one line with the last words in a timeline", () => {
    const output = `${"long ago\n".repeat(100)}nearly\nthe end\n`;
    const line = eventLine({ ...ended, signal: "SIGSEGV", output, omittedOutputBytes: 0 }, plain);
    expect(withoutTime(line)).toBe("process of attempt 2 ended by SIGSEGV  long ago nearly the end");
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
