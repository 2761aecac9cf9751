import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnencodableError } from "./find-unencodable.ts";
import { decodeContent, encodeContent } from "./json-content.ts";

const limit = 10_000;

it("gives JSON back as it was", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      expect(JSON.stringify(decodeContent(encodeContent("payload", value, 1e6)))).toBe(json);
    }),
  );
});

it("makes no content of undefined", () => {
  const content = encodeContent("output", undefined, limit);
  expect(content).toEqual({ data: new Uint8Array(), contentType: "" });
  expect(decodeContent(content)).toBeUndefined();
});

it("lets fields that are undefined go, and dates become strings, as JSON does", () => {
  const value = { gone: undefined, at: new Date(0), url: new URL("http://a.example/") };
  expect(decodeContent(encodeContent("output", value, limit))).toEqual({
    at: "1970-01-01T00:00:00.000Z",
    url: "http://a.example/",
  });
});

it("carries strings that UTF-8 cannot, and fields called __proto__", () => {
  const value: unknown = JSON.parse('{"__proto__":{"a":1},"nul":"\\u0000","half":"\\ud800"}');
  expect(decodeContent(encodeContent("output", value, limit))).toEqual(value);
  expect(({} as { a?: number }).a).toBeUndefined();
});

describe("what JSON cannot carry is refused with its place", () => {
  class Circle {
    readonly self: Circle = this;
  }
  it.each([
    { value: 1n, path: "output" },
    { value: { a: [{ b: 1n }] }, path: "output.a[0].b" },
    { value: { "not an identifier": () => {} }, path: 'output["not an identifier"]' },
    { value: [Symbol("s")], path: "output[0]" },
    { value: { at: new Map() }, path: "output.at" },
    { value: { at: new Set() }, path: "output.at" },
    { value: { at: Promise.resolve() }, path: "output.at" },
    { value: { at: new Uint8Array(3) }, path: "output.at" },
    { value: { inner: new Circle() }, path: "output.inner.self" },
    { value: () => {}, path: "output" },
    { value: deep(5_000), path: `output${".a".repeat(1_000)}` },
    {
      value: {
        get a() {
          throw new Error("no");
        },
      },
      path: "output",
    },
    { value: { toJSON: () => undefined }, path: "output" },
    {
      value: {
        toJSON: () => {
          throw new Error("no");
        },
      },
      path: "output",
    },
    { value: { toJSON: () => 1n }, path: "output" },
  ])("$path", ({ value, path }) => {
    expect(() => encodeContent("output", value, limit)).toThrow(
      expect.objectContaining({ name: "UnencodableError", path }),
    );
  });

  it("but the same value in two places is fine", () => {
    const shared = { a: 1 };
    expect(decodeContent(encodeContent("output", [shared, shared], limit))).toEqual([shared, shared]);
  });
});

it("refuses what is too large, naming size and limit", () => {
  expect(() => encodeContent("payload", "x".repeat(20_000), limit)).toThrow(
    new UnencodableError("payload", "is 20,002 bytes of JSON; at most 10,000 are allowed"),
  );
  expect(encodeContent("payload", "x".repeat(limit - 2), limit).data.length).toBe(limit);
});

describe("content that cannot be decoded", () => {
  const contentType = "application/json";
  it.each([
    { what: "not JSON", problem: "JSON", content: { data: Buffer.from("{"), contentType } },
    { what: "empty", problem: "JSON", content: { data: Buffer.from(""), contentType } },
    { what: "not UTF-8", problem: "not valid", content: { data: Buffer.from([0x22, 0xff, 0x22]), contentType } },
    {
      what: "another type",
      problem: "application/super+json",
      content: { data: Buffer.from("{}"), contentType: "application/super+json" },
    },
  ])("$what", ({ problem, content }) => {
    expect(() => decodeContent(content)).toThrow(problem);
  });
});

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}
