import { expect, it } from "vitest";
import { JSON_TYPE, payloadValue, SUPERJSON_TYPE } from "./payload-value.ts";

it("is the JSON, and of superjson the JSON within", () => {
  expect(payloadValue('{"a":1}', JSON_TYPE)).toEqual({ value: { a: 1 } });
  expect(payloadValue('{"json":{"a":1}}', SUPERJSON_TYPE)).toEqual({ value: { a: 1 } });
  expect(payloadValue('{"json":null}', SUPERJSON_TYPE)).toEqual({ value: null });
});

it("is nothing for a text that is no JSON, or no superjson", () => {
  expect(payloadValue("{", JSON_TYPE)).toBeUndefined();
  expect(payloadValue('{"a":1}', SUPERJSON_TYPE)).toBeUndefined();
  expect(payloadValue("7", SUPERJSON_TYPE)).toBeUndefined();
});

it("has no fields that are undefined", () => {
  const json = { a: null, "b.c": { d: null }, e: [null], f: null };
  const values = { a: ["undefined"], "b\\.c.d": ["undefined"], "e.0": ["undefined"], gone: ["undefined"], f: ["Date"] };
  const text = JSON.stringify({ json, meta: { values } });
  expect(payloadValue(text, SUPERJSON_TYPE)).toEqual({ value: { "b.c": {}, e: [null], f: null } });
});
