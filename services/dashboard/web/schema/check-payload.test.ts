import { describe, expect, it } from "vitest";
import { createPayloadChecker } from "./check-payload.ts";
import { pathText } from "./payload-problem.ts";

function problemsOf(schema: Record<string, unknown>, value: unknown): readonly string[] {
  const check = createPayloadChecker(schema)(value);
  return "problems" in check
    ? check.problems.map(({ path, message }) => `${pathText(path)} ${message}`)
    : [check.schemaProblem];
}
const object = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  type: "object",
  properties,
  ...more,
});

describe("what a payload's schema does not allow", () => {
  it("is named by its path, once, at the innermost place", () => {
    const schema = object({
      user: object({ emails: { type: "array", items: { type: "string", format: "email" } }, age: { type: "integer" } }),
    });
    expect(problemsOf(schema, { user: { emails: ["ada@example.com", "nobody", 7], age: 1.5 } })).toEqual([
      'user.emails[1] does not match format "email"',
      "user.emails[2] must be string, and is number",
      "user.age must be integer, and is number",
    ]);
    expect(problemsOf(schema, { user: { emails: [], age: 3 } })).toEqual([]);
    expect(problemsOf(schema, [])).toEqual(["payload must be object, and is array"]);
  });

  it("is a field that is missing, and one that is not known", () => {
    const schema = object({ id: {} }, { required: ["id", "a name"], additionalProperties: false });
    expect(problemsOf(schema, { odd: 1 })).toEqual([
      "id is missing",
      '["a name"] is missing',
      "odd is not a field that the schema knows",
    ]);
  });

  it("says limits and choices in the value's words", () => {
    const schema = object({
      n: { type: "number", minimum: 3 },
      s: { type: "string", minLength: 4 },
      e: { enum: ["a", "b"] },
      c: { const: true },
      t: { type: ["string", "null"] },
    });
    expect(problemsOf(schema, { n: 1, s: "abc", e: "c", c: false, t: 0 })).toEqual([
      "n is less than 3",
      "s is too short (3 < 4)",
      'e must be one of "a","b"',
      "c must be true",
      "t must be string or null, and is number",
    ]);
  });

  it("is a format or a pattern, not both", () => {
    const schema = object({ mail: { type: "string", format: "email", pattern: "@" }, code: { pattern: "^[0-9]+$" } });
    expect(problemsOf(schema, { mail: "nobody", code: "x" })).toEqual([
      'mail does not match format "email"',
      "code does not match the pattern of the schema",
    ]);
  });

  it("is told of the form that a value comes closest to", () => {
    const mail = object({ kind: { const: "mail" }, to: { type: "string" } }, { required: ["kind", "to"] });
    const call = object({ kind: { const: "call" }, number: { type: "integer" } }, { required: ["kind", "number"] });
    const schema = object({ what: { anyOf: [mail, call, { type: "null" }] }, after: { type: "string" } });
    expect(problemsOf(schema, { what: { kind: "call", number: "7" }, after: 1 })).toEqual([
      "what.number must be integer, and is string",
      "after must be string, and is number",
    ]);
    expect(problemsOf(schema, { what: { kind: "mail" } })).toEqual(["what.to is missing"]);
    expect(problemsOf(schema, { what: 7 })).toEqual(["what has none of the forms that the schema allows"]);
    const strict = { anyOf: [{ ...mail, additionalProperties: false }, { type: "null" }] };
    expect(problemsOf(strict, { kind: "mail", to: "a", cc: "b" })).toEqual(["cc is not a field that the schema knows"]);
  });

  it("is found through references, also of schemas that contain themselves", () => {
    const tree = object({ name: { type: "string" }, children: { type: "array", items: { $ref: "#" } } });
    expect(problemsOf(tree, { name: "a", children: [{ name: "b", children: [{ name: 1 }] }] })).toEqual([
      "children[0].children[0].name must be string, and is number",
    ]);
    const shared = object({ at: { $ref: "#/definitions/moment" } }, { definitions: { moment: { type: "string" } } });
    expect(problemsOf({ $schema: "http://json-schema.org/draft-07/schema#", ...shared }, { at: 1 })).toEqual([
      "at must be string, and is number",
    ]);
  });

  it("has fields of any name", () => {
    const schema = { additionalProperties: { type: "string" } };
    expect(
      problemsOf(schema, { "a/b": 1, "100%": 2, "0": 3, "ä ö": 4, "#~": 5, __proto__x: "fine" }).toSorted(),
    ).toEqual(
      ['["0"]', '["100%"]', '["a/b"]', '["ä ö"]', '["#~"]']
        .map((path) => `${path} must be string, and is number`)
        .toSorted(),
    );
  });

  it("is no more than fifty things at once", () => {
    const schema = { type: "array", items: { type: "string" } };
    expect(
      problemsOf(
        schema,
        Array.from({ length: 200 }, () => 1),
      ),
    ).toHaveLength(50);
  });

  it("cannot be told by a schema that leads nowhere, names no pattern, or never ends", () => {
    expect(problemsOf({ $ref: "#/$defs/gone" }, {})).toEqual([expect.stringContaining("Unresolved $ref")]);
    expect(problemsOf({ pattern: "(" }, "x")).toEqual([expect.stringContaining("Invalid regular expression")]);
    expect(problemsOf({ $ref: "#" }, {})).toEqual([expect.stringContaining("Maximum call stack")]);
  });
});
