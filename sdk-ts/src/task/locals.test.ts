import { afterEach, expect, it } from "vitest";
import { fakeAttempt } from "../testing/fake-attempt.ts";
import { activeAttempt } from "./active-attempt.ts";
import { locals } from "./locals.ts";

const DB = locals.create<{ url: string } | undefined>("db");

afterEach(() => {
  activeAttempt.current = undefined;
});

it("keeps a value for the attempt, and returns it as it is set", () => {
  activeAttempt.current = fakeAttempt();
  const db = { url: "here" };
  expect(locals.set(DB, db)).toBe(db);
  expect(locals.get(DB)).toBe(db);
  expect(locals.getOrThrow(DB)).toBe(db);
  expect(locals.get(locals.create("db"))).toBe(db);
});

it("is empty when the next attempt begins", () => {
  activeAttempt.current = fakeAttempt();
  locals.set(DB, { url: "here" });
  activeAttempt.current = fakeAttempt();
  expect(locals.get(DB)).toBeUndefined();
});

it("names the key that is missing", () => {
  activeAttempt.current = fakeAttempt();
  expect(() => locals.getOrThrow(DB)).toThrow('the local "db" is not set in this attempt');
});

it("knows a value that is undefined from none", () => {
  activeAttempt.current = fakeAttempt();
  locals.set(DB, undefined);
  expect(locals.getOrThrow(DB)).toBeUndefined();
});

it("outside of attempts has nothing, and takes nothing", () => {
  expect(locals.get(DB)).toBeUndefined();
  expect(() => locals.getOrThrow(DB)).toThrow('the local "db" was read outside of an attempt');
  expect(() => locals.set(DB, { url: "" })).toThrow('the local "db" was set outside of an attempt');
});

it("refuses a key without a name", () => {
  expect(() => locals.create("")).toThrow(TypeError);
});
