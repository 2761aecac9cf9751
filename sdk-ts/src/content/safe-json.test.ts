import * as fc from "fast-check";
import { expect, it } from "vitest";
import { cutText } from "./cut-text.ts";
import { safeJson } from "./safe-json.ts";

it("never throws, never exceeds its limit, and is JSON or nothing", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, fc.integer({ min: 16, max: 2_000 }), (value, limit) => {
      const json = safeJson(value, limit);
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(limit);
      if (json !== "") JSON.parse(json);
    }),
  );
});

it("describes what JSON cannot carry", () => {
  const value: Record<string, unknown> = {
    big: 12n,
    fn: function named() {},
    symbol: Symbol("s"),
    map: new Map([["a", 1]]),
    set: new Set([1]),
    error: Object.assign(new Error("boom"), { code: 7 }),
    bytes: new Uint8Array(3),
    date: new Date(0),
  };
  value["self"] = value;
  expect(JSON.parse(safeJson(value, 10_000))).toEqual({
    big: "12n",
    fn: "[Function: named]",
    symbol: "Symbol(s)",
    map: [["a", 1]],
    set: [1],
    error: { name: "Error", message: "boom", code: 7 },
    bytes: "[Uint8Array: 3 bytes]",
    date: "1970-01-01T00:00:00.000Z",
    self: "[Circular]",
  });
});

it("leaves out fields that throw when they are read", () => {
  const value = {
    a: 1,
    get b(): never {
      throw new Error("no");
    },
  };
  expect(safeJson(value, 1_000)).toBe('{"a":1}');
});

it("keeps a field called __proto__ a field", () => {
  expect(safeJson(JSON.parse('{"__proto__":1}'), 1_000)).toBe('{"__proto__":1}');
});

it("cuts text at bytes, never inside a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 0, max: 50 }), (text, maxBytes) => {
      const cut = cutText(text, maxBytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      expect(cut.isWellFormed()).toBe(true);
    }),
  );
});
