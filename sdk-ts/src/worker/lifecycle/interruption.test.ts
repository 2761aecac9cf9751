import { expect, it } from "vitest";
import { Interruption } from "./interruption.ts";

it("tells whoever listens", () => {
  const interruption = new Interruption();
  const heard: unknown[] = [];
  interruption.listen((thrown) => heard.push(thrown));
  interruption.raise("a");
  interruption.raise(undefined);
  expect(heard).toEqual(["a", undefined]);
});

it("keeps the first for the next listener, and drops echoes", () => {
  const interruption = new Interruption();
  interruption.raise("first");
  interruption.raise("echo");
  const heard: unknown[] = [];
  interruption.listen((thrown) => heard.push(thrown));
  interruption.unlisten();
  interruption.raise("another echo");
  interruption.listen((thrown) => heard.push(thrown));
  expect(heard).toEqual(["first"]);
  expect(interruption.happened).toBe(true);
});
