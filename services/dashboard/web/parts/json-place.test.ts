import { json } from "@codemirror/lang-json";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { expect, it } from "vitest";
import { placeOf } from "./json-place.ts";

function textAt(doc: string, path: readonly (string | number)[]): string {
  const state = EditorState.create({ doc, extensions: [json()] });
  ensureSyntaxTree(state, doc.length, 10_000);
  const { from, to } = placeOf(state, path);
  return state.sliceDoc(from, to);
}

const doc = '{ "a": 1, "user": { "emails": ["x", { "of": null }], "a \\"name\\"": true }, "a": 22 }';

it("finds a value by its path: the whole of a scalar, the beginning of an object or an array", () => {
  expect(textAt(doc, ["user", "emails", 0])).toBe('"x"');
  expect(textAt(doc, ["user", "emails", 1, "of"])).toBe("null");
  expect(textAt(doc, ["user", 'a "name"'])).toBe("true");
  expect(textAt(doc, ["user"])).toBe("{");
  expect(textAt(doc, ["user", "emails"])).toBe("[");
  expect(textAt(doc, [])).toBe("{");
  expect(textAt("7", [])).toBe("7");
});

it("takes the last of fields that are there twice, as JSON does", () => {
  expect(textAt(doc, ["a"])).toBe("22");
});

it("names what should have a value that is missing", () => {
  expect(textAt(doc, ["user", "gone"])).toBe("{");
  expect(textAt(doc, ["user", "emails", 7])).toBe("[");
  expect(textAt("", ["a"])).toBe("");
  expect(textAt('{ "a": ', ["a"])).toBe("{");
});
