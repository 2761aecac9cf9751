import { expect, it } from "vitest";
import { parseTraceparent } from "./traceparent.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

it.each([
  ["version 00", `00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
  ["not sampled", `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
  ["a later version, as far as it is known", `01-${TRACE}-${SPAN}-03-more`, `00-${TRACE}-${SPAN}-01`],
  ["a later version without more", `cc-${TRACE}-${SPAN}-02`, `00-${TRACE}-${SPAN}-00`],
])("keeps %s", (_, header, expected) => {
  expect(parseTraceparent(header)).toBe(expected);
});

it.each([
  ["nothing", ""],
  ["something else", "hello"],
  ["version ff", `ff-${TRACE}-${SPAN}-01`],
  ["more than version 00 has", `00-${TRACE}-${SPAN}-01-more`],
  ["capitals", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["an empty trace id", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["an empty span id", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["a line break", `00-${TRACE}-${SPAN}-01\n`],
  ["NUL", `00-${TRACE}-${SPAN}-01\0`],
  ["a short one", `00-${TRACE}-${SPAN}-1`],
  ["a huge one", `01-${TRACE}-${SPAN}-01-${"x".repeat(10_000)}`],
])("ignores %s", (_, header) => {
  expect(parseTraceparent(header)).toBe("");
});
