import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createPayloadChecker } from "./check-payload.ts";
import { examplePayload } from "./example-payload.ts";

const nowMs = Date.parse("2030-01-02T03:04:05Z");
const exampleOf = (schema: object): unknown => JSON.parse(examplePayload(schema as Record<string, unknown>, nowMs));
const checkedExampleOf = (schema: object): unknown => {
  const example = exampleOf(schema);
  expect(createPayloadChecker(schema as Record<string, unknown>)(example)).toEqual({ problems: [] });
  return example;
};

describe("an example of a payload", () => {
  it("is what the schema names itself", () => {
    expect(checkedExampleOf({ const: 7 })).toBe(7);
    expect(checkedExampleOf({ type: "string", default: "dear" })).toBe("dear");
    expect(checkedExampleOf({ type: "string", examples: ["one", "two"], default: "x" })).toBe("one");
    expect(checkedExampleOf({ enum: ["small", "large"] })).toBe("small");
    expect(checkedExampleOf({ type: "object", properties: { a: { default: null } } })).toEqual({ a: null });
  });

  it("has fields by their names, formats and limits", () => {
    const schema = z.object({
      name: z.string().min(6).max(8),
      mail: z.email(),
      id: z.uuid(),
      site: z.url(),
      at: z.iso.datetime(),
      day: z.iso.date(),
      seats: z.int().min(3),
      share: z.number().gt(0).lt(1),
      price: z.number().multipleOf(0.25),
      below: z.int().max(-5),
      isPaid: z.boolean(),
      size: z.enum(["S", "M"]),
      note: z.string().nullable(),
      more: z.record(z.string(), z.int()),
      pair: z.tuple([z.string(), z.int()]),
      tags: z.array(z.string()).min(2),
    });
    expect(checkedExampleOf(z.toJSONSchema(schema, { io: "input" }))).toEqual({
      name: "name..",
      mail: "ada@example.com",
      id: "123e4567-e89b-42d3-a456-426614174000",
      site: "https://example.com",
      at: "2030-01-02T03:04:05.000Z",
      day: "2030-01-02",
      seats: 3,
      share: 0.5,
      price: 1,
      below: -5,
      isPaid: false,
      size: "S",
      note: "note",
      more: { key: 1 },
      pair: ["pair", 1],
      tags: ["tags", "tags"],
    });
  });

  it("takes the first form of several, and all that a schema is made of", () => {
    const union = z.union([z.object({ kind: z.literal("a"), n: z.int() }), z.object({ kind: z.literal("b") })]);
    expect(checkedExampleOf(z.toJSONSchema(union))).toEqual({ kind: "a", n: 1 });
    const both = z.intersection(z.object({ a: z.string() }), z.object({ b: z.boolean() }));
    expect(exampleOf(z.toJSONSchema(both))).toEqual({ a: "a", b: false });
  });

  it("leaves out what may be absent when it does not fit", () => {
    const schema = {
      type: "object",
      properties: { a: {}, code: { type: "string", pattern: "^[0-9]+$" } },
      required: ["a"],
    };
    expect(checkedExampleOf(schema)).toEqual({ a: null });
  });

  it("has different items where they must differ", () => {
    const schema = { type: "array", items: { type: "integer" }, minItems: 3, uniqueItems: true };
    expect(checkedExampleOf(schema)).toEqual([1, 2, 3]);
  });

  it("ends, whatever contains itself", () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree);
      },
    });
    expect(checkedExampleOf(z.toJSONSchema(tree))).toMatchObject({ name: "name", children: [{ name: "name" }] });
    const wide = {
      type: "object",
      properties: Object.fromEntries(Array.from("abcdefgh", (name) => [name, { $ref: "#" }])),
    };
    expect(JSON.stringify(exampleOf(wide)).length).toBeLessThan(20_000);
    expect(exampleOf({ $ref: "#" })).toBe(null);
    const endless = { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] };
    expect(exampleOf(endless)).toBe(null);
  });

  it("follows references, and takes null for one that leads nowhere", () => {
    const schema = {
      properties: { a: { $ref: "#/$defs/a~1b" }, gone: { $ref: "#/$defs/gone" } },
      required: ["a", "gone"],
      $defs: { "a/b": { type: "integer" } },
    };
    expect(exampleOf(schema)).toEqual({ a: 1, gone: null });
    expect(exampleOf({})).toBe(null);
    expect(
      Object.keys(exampleOf(JSON.parse('{"properties":{"__proto__":{"type":"boolean"}}}') as object) as object),
    ).toEqual(["__proto__"]);
  });
});
