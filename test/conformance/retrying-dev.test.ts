import { afterAll, beforeAll, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play } from "./harness/play.ts";

// lifecycle.md, section 4: retries in a DEVELOPMENT environment.
let section: Section;

beforeAll(async () => {
  section = await openSection("retrying-dev", tasksOf("retrying-dev"), { type: "DEVELOPMENT" });
});

afterAll(() => section[Symbol.asyncDispose]());

test("retries.enabledInDev: false turns retries off in DEV", async () => {
  const { run, places, at } = await play("fails");
  expect(run).toMatchObject({ status: "FAILED", attemptCount: 1 });
  expect(at("handleError")).toEqual({ hasDate: false });
  expect(places).toEqual(["handleError", "onFailure"]);
});
