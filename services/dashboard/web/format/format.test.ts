import { RunStatus } from "@windlass/proto";
import { expect, test } from "vitest";
import { contentText, jsonText } from "./content.ts";
import { formatDuration } from "./duration.ts";
import { runStatuses, statusLook, statusName, statusOfName } from "./run-status.ts";
import { formatDistance } from "./time.ts";

test.each([
  [0, "0 ms"],
  [4.24, "4.2 ms"],
  [812.4, "812 ms"],
  [999.6, "1.0 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min"],
  [185_000, "3 min 5 s"],
  [3_600_000, "1 h"],
  [7_800_000, "2 h 10 min"],
  [356_400_000, "4 d 3 h"],
])("%d ms are shown as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("a distance is coarse, and says on which side of now it is", () => {
  expect(
    [-400, -5_000, -200_000, -7_200_000, -200_000_000, 90_000].map((ms) => formatDistance(1e12 + ms, 1e12)),
  ).toEqual(["now", "5 s ago", "3 min ago", "2 h ago", "2 d ago", "in 1 min"]);
});

test("every status has a word of its own, and its name leads back to it", () => {
  expect(new Set(runStatuses.map((status) => statusLook(status).word)).size).toBe(runStatuses.length);
  expect(runStatuses.map((status) => statusOfName(statusName(status)))).toEqual(runStatuses);
  expect(statusOfName("UNSPECIFIED")).toBeUndefined();
  expect(statusLook(99 as RunStatus).word).toBe("Unknown");
});

test("JSON is indented, everything else is shown as it is, and no value is none", () => {
  const data = (text: string) => new TextEncoder().encode(text);
  expect(jsonText('{"a":[1]}').text).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(jsonText("{oops")).toEqual({ text: "{oops", isJson: false });
  expect(contentText(undefined)).toBeUndefined();
  const message = { $typeName: "windlass.v1.Content" as const };
  expect(contentText({ ...message, data: data(""), contentType: "" })).toBeUndefined();
  expect(contentText({ ...message, data: data("<b>1</b>"), contentType: "text/html" })).toEqual({
    text: "<b>1</b>",
    isJson: false,
  });
});
