import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section } from "./harness/open-section.ts";
import { deployOverview, overviewFolder } from "./harness/overview.ts";
import { completed, linesOf, play } from "./harness/play.ts";

// The snippets of the overview with hooks for all tasks. As they are printed there: test/seed.
// One environment, whose version changes from test to test: so they run one after another.
let section: Section;

beforeAll(async () => {
  section = await openSection("overview-global-hooks", overviewFolder("global-hooks"));
});

afterAll(() => section[Symbol.asyncDispose]());

describe("the overview's", { concurrent: false }, () => {
  test.for([
    ["global-hooks", "Run started", "Run finished"],
    ["global-init", "Run started"],
  ] as const)("%s: global lifecycle hooks", async ([folder, ...lines]) => {
    await deployOverview(folder);
    const story = completed(await play("probe", {}));
    expect(linesOf(story).map((line) => line.slice(0, line.search(/ \{|\n|$/u)))).toEqual([...lines]);
  });

  test("global-hooks: of a run that fails", async () => {
    await deployOverview("global-hooks");
    const story = await play("probe", { fail: true });
    expect(story.run.status).toBe("FAILED");
    expect(linesOf(story).some((line) => line.startsWith("Run failed"))).toBe(true);
  });

  test.for([
    ["config-on-start", {}, "Task started probe"],
    ["config-on-success", {}, "Task succeeded probe"],
    ["config-on-failure", { fail: true }, "Task failed probe"],
  ] as const)("%s: hooks of trigger.config.ts", async ([folder, payload, line]) => {
    await deployOverview(folder);
    expect(linesOf(await play("probe", payload))).toEqual([line]);
  });
});
