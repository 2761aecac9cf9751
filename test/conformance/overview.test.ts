import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openSection, type Section } from "./harness/open-section.ts";
import { deployOverview, overviewFolder } from "./harness/overview.ts";
import { completed, linesOf, play } from "./harness/play.ts";

// The snippets of the overview that define tasks. As they are printed there: test/seed.
// One environment, whose version changes from test to test: so they run one after another.
let section: Section;

beforeAll(async () => {
  section = await openSection("overview", overviewFolder("trigger"));
});

afterAll(() => section[Symbol.asyncDispose]());

describe("the overview's", { concurrent: false }, () => {
  test("every snippet below /trigger of the overview runs", async () => {
    await deployOverview("trigger");
    const [helloWorld, initReturn] = await Promise.all([
      play("hello-world", { message: "Hello world!" }),
      play("task-with-init-return", {}),
    ]);
    expect(linesOf(completed(helloWorld))).toEqual(["Hello world!"]);
    expect(linesOf(completed(initReturn))).toEqual(["someValue"]);
    const hooks = {
      "task-with-init": ["1 task init ok", "1 task run ok"],
      "task-with-cleanup": ["1 task run ok", "1 task cleanup ok"],
      "task-with-on-start": ["1 task onStart ok", "1 task run ok"],
      "task-with-on-success": ["1 task run ok", "1 task onSuccess ok"],
      "task-with-on-complete": ["1 task run ok", "1 task onComplete ok"],
      "task-with-on-failure": ["1 task run ok"],
      "task-with-retries": ["1 task run ok"],
      "one-at-a-time": ["1 task run ok"],
      "heavy-task": ["1 task run ok"],
      "long-task": ["1 task run ok"],
    };
    const stories = await Promise.all(Object.keys(hooks).map((id) => play(id, {})));
    for (const [index, expected] of Object.values(hooks).entries())
      expect(completed(stories[index]!).hooks).toEqual(expected);
    expect(linesOf(stories[4]!)[0]).toMatch(/^Run succeeded/u);
  });

  test("your backend code triggers hello-world", async () => {
    await deployOverview("backend/trigger");
    const said: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...args: unknown[]) => void said.push(args.join(" ")));
    const backend: string = overviewFolder("backend/your-backend-code.ts");
    const { triggerHelloWorld } = (await import(backend)) as { triggerHelloWorld: () => Promise<void> };
    await triggerHelloWorld();
    log.mockRestore();
    expect(said).toEqual([expect.stringMatching(/^Task is running with handle run_/u)]);
  });

  test("middleware and locals", async () => {
    await deployOverview("middleware");
    const story = completed(await play("my-task", {}));
    expect(linesOf(story).at(0)).toBe("Connecting to the database");
    expect(linesOf(story).at(-1)).toBe("Disconnecting from the database");
  });

  test("onWait and onResume", async () => {
    await deployOverview("wait");
    const story = completed(await play("my-task", {}));
    const begins = linesOf(story).map((line) => line.split(" ").slice(0, 2).join(" "));
    expect(begins).toEqual(["Run started", "Run paused", "Run resumed", "Run finished"]);
    expect(story.statuses).toContain("WAITING");
  });
});
