import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnencodableError } from "./find-unencodable.ts";
import { decodeContent, encodeContent } from "./json-content.ts";
import { encodeMetadata, type MetadataObject } from "./metadata-content.ts";

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

it("gives back what JSON would change or drop: Date, Map, Set, BigInt, URL, RegExp, Error, undefined, NaN, Infinity", () => {
  const value = {
    at: new Date(0),
    map: new Map<unknown, unknown>([[{ key: 1 }, new Set([1n, "a"])]]),
    big: [2n ** 80n],
    url: new URL("http://a.example/?b=c"),
    pattern: /a\/b/gi,
    error: new TypeError("boom", { cause: new Error("why") }),
    gone: undefined,
    list: [undefined, Number.NaN, Number.NEGATIVE_INFINITY],
  };
  const content = encodeContent("output", value, limit);
  expect(content.contentType).toBe("application/super+json");
  expect(Object.keys(JSON.parse(Buffer.from(content.data).toString()) as object)).toEqual(["json", "meta"]);
  const decoded = decodeContent(content) as typeof value;
  expect(decoded).toEqual({ ...value, error: expect.any(Error) });
  expect("gone" in decoded).toBe(true);
  expect([decoded.error.name, decoded.error.message, decoded.error.cause]).toMatchObject([
    "TypeError",
    "boom",
    { message: "why" },
  ]);
});

it("stays plain JSON where that is enough", () => {
  expect(encodeContent("output", { a: [1, null, "b", true] }, limit).contentType).toBe("application/json");
});

it("leaves what has a toJSON method to it, and makes fields of a class's instance", () => {
  class Point {
    readonly x = 1;
    readonly at = new Date(0);
  }
  const value = { point: new Point(), money: { toJSON: () => "5 EUR" } };
  expect(decodeContent(encodeContent("output", value, limit))).toEqual({
    point: { x: 1, at: "1970-01-01T00:00:00.000Z" },
    money: "5 EUR",
  });
});

it("carries strings that UTF-8 cannot, and fields called __proto__", () => {
  const value: unknown = JSON.parse('{"__proto__":{"a":1},"nul":"\\u0000","half":"\\ud800"}');
  expect(decodeContent(encodeContent("output", value, limit))).toEqual(value);
  expect(({} as { a?: number }).a).toBeUndefined();
});

describe("what JSON cannot carry is refused with its place", () => {
  class Holder {
    readonly map = new Map();
  }
  class Circle {
    readonly self: Circle = this;
  }
  it.each([
    { value: { a: [{ b: Symbol("s") }] }, path: "output.a[0].b" },
    { value: { "not an identifier": () => {} }, path: 'output["not an identifier"]' },
    { value: [Symbol("s")], path: "output[0]" },
    { value: { at: new Map([["k", () => {}]]) }, path: "output.at[0].value" },
    { value: { at: new Set([1, Symbol("s")]) }, path: "output.at[1]" },
    { value: { at: new Error("x", { cause: () => {} }) }, path: "output.at.cause" },
    { value: { at: new Date(Number.NaN) }, path: "output.at" },
    { value: { at: new ReadableStream() }, path: "output.at" },
    { value: { at: Readable.from([]) }, path: "output.at" },
    { value: { at: new Holder() }, path: "output.at.map" },
    { value: cyclicMap(), path: "output[0].value" },
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
    { value: { a: new Date(0), b: JSON.parse('{"__proto__":1}') as unknown }, path: "output.b.__proto__" },
    { value: { constructor: 1, b: new Date(0) }, path: "output.constructor" },
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
      problem: "text/plain",
      content: { data: Buffer.from("{}"), contentType: "text/plain" },
    },
    {
      what: "superjson without its envelope",
      problem: "json",
      content: { data: Buffer.from("[1]"), contentType: "application/super+json" },
    },
    ...["__proto__.polluted", "constructor.prototype.polluted", "a.prototype"].map((path) => ({
      what: `superjson that reaches for a prototype by ${path}`,
      problem: "not allowed as a property",
      content: superjson({ json: { a: {} }, meta: { v: 1, values: { [path]: ["undefined"] } } }),
    })),
  ])("$what", ({ problem, content }) => {
    expect(() => decodeContent(content)).toThrow(problem);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

it("keeps metadata plain JSON, and refuses there what JSON cannot carry", () => {
  const value = { at: new Date(0), gone: undefined } as unknown as MetadataObject;
  const content = encodeMetadata("metadata", value);
  expect([content.contentType, Buffer.from(content.data).toString()]).toEqual([
    "application/json",
    '{"at":"1970-01-01T00:00:00.000Z"}',
  ]);
  for (const [wrong, path] of [
    [{ a: new Map() }, "metadata.a"],
    [{ a: [1n] }, "metadata.a[0]"],
    [{ a: Number.NaN }, "metadata.a"],
    [[1], "metadata"],
    [{ a: "x".repeat(256 * 1024) }, "metadata"],
  ] as const) {
    expect(() => encodeMetadata("metadata", wrong as unknown as MetadataObject)).toThrow(
      expect.objectContaining({ path }),
    );
  }
});

function superjson(envelope: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(envelope)), contentType: "application/super+json" };
}

function cyclicMap(): unknown {
  const map = new Map<string, unknown>();
  return map.set("self", map);
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}
