import { expect, it } from "vitest";
import { mergeInitData } from "./init-data.ts";

it("merges plain objects, later fields winning", () => {
  expect(mergeInitData({ a: 1, b: 1 }, { b: 2 }, "global")).toEqual({ a: 1, b: 2 });
});

it("takes anything else from the task's own init only", () => {
  const connection = new Map();
  expect(mergeInitData({ a: 1 }, connection, "global")).toEqual({ a: 1 });
  expect(mergeInitData({ a: 1 }, connection, "task")).toBe(connection);
  expect(mergeInitData(undefined, null, "task")).toBeNull();
});

it("keeps what there is when nothing is returned", () => {
  expect(mergeInitData({ a: 1 }, undefined, "task")).toEqual({ a: 1 });
});

it("does not let a field called __proto__ change the prototype", () => {
  const merged = mergeInitData({ a: 1 }, JSON.parse('{"__proto__":{"polluted":true}}'), "task") as object;
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
});
