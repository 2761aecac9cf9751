import { close, configure } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import path from "node:path";
import { repositoryDirectory } from "@windlass/local";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, type Story } from "./harness/play.ts";

// lifecycle.md, section 9, and every snippet of the overview but the two onCancel examples: these are in cancel-examples.test.ts.
// One environment, whose version changes from test to test: so they run one after another.
let section: Section;

beforeAll(async () => {
  section = await openSection("drop-in", tasksOf("drop-in"));
});

afterAll(() => section[Symbol.asyncDispose]());

function linesOf({ events }: Story): string[] {
  return events.flatMap((event) => (event.type === "log" ? [event.message] : []));
}

function completed(story: Story): Story {
  expect(story.run.error).toBeUndefined();
  expect(story.run.status).toBe("COMPLETED");
  return story;
}

const deploySeed = (folder: string) => deploy(path.join(repositoryDirectory, "test/seed", folder));

describe("drop-in", { concurrent: false }, () => {
  test("task files that import @trigger.dev/sdk or @trigger.dev/sdk/v3 run unchanged; trigger.config.ts is read as it is", async () => {
    const story = completed(await play("imports-sdk-v3", { message: "hi" }));
    expect(story.run.output).toEqual({ message: "hi", maxAttempts: 2, maxDuration: 3600 });
    expect(linesOf(story)).toEqual(["from the sdk/v3"]);
  });

  describe("clients fall back to TRIGGER_API_URL and TRIGGER_SECRET_KEY when WINDLASS_URL and WINDLASS_API_KEY are unset", () => {
    afterEach(async () => {
      vi.unstubAllEnvs();
      await close();
      configure({ url: section.url, apiKey: section.apiKey });
    });

    test("unset", async () => {
      for (const name of ["WINDLASS_URL", "WINDLASS_API_KEY"]) vi.stubEnv(name, undefined);
      vi.stubEnv("TRIGGER_API_URL", `http://${section.url}`);
      vi.stubEnv("TRIGGER_SECRET_KEY", section.apiKey);
      configure({});
      expect((await play("imports-sdk", { message: "hi" })).run.status).toBe("COMPLETED");
    });

    test("set: these hold", async () => {
      vi.stubEnv("WINDLASS_URL", section.url);
      vi.stubEnv("WINDLASS_API_KEY", section.apiKey);
      vi.stubEnv("TRIGGER_API_URL", "http://127.0.0.1:1");
      vi.stubEnv("TRIGGER_SECRET_KEY", "wrong");
      configure({});
      expect((await play("imports-sdk", { message: "hi" })).run.status).toBe("COMPLETED");
    });
  });

  test("windlass.config.ts is the same thing under our name", async () => {
    await deploy(tasksOf("windlass-config"));
    expect(completed(await play("tells")).run.output).toBe(1234);
  });

  test("every snippet below /trigger of the overview runs", async () => {
    await deploySeed("trigger");
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
    await deploySeed("backend/trigger");
    const said: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...args: unknown[]) => void said.push(args.join(" ")));
    const backend: string = path.join(repositoryDirectory, "test/seed/backend/your-backend-code.ts");
    const { triggerHelloWorld } = (await import(backend)) as { triggerHelloWorld: () => Promise<void> };
    await triggerHelloWorld();
    log.mockRestore();
    expect(said).toEqual([expect.stringMatching(/^Task is running with handle run_/u)]);
  });

  test.for([
    ["global-hooks", "Run started", "Run finished"],
    ["global-init", "Run started"],
  ] as const)("%s: global lifecycle hooks", async ([folder, ...lines]) => {
    await deploySeed(folder);
    const story = completed(await play("probe", {}));
    expect(linesOf(story).map((line) => line.slice(0, line.search(/ \{|\n|$/u)))).toEqual([...lines]);
  });

  test("global-hooks: of a run that fails", async () => {
    await deploySeed("global-hooks");
    const story = await play("probe", { fail: true });
    expect(story.run.status).toBe("FAILED");
    expect(linesOf(story).some((line) => line.startsWith("Run failed"))).toBe(true);
  });

  test.for([
    ["config-on-start", {}, "Task started probe"],
    ["config-on-success", {}, "Task succeeded probe"],
    ["config-on-failure", { fail: true }, "Task failed probe"],
  ] as const)("%s: hooks of trigger.config.ts", async ([folder, payload, line]) => {
    await deploySeed(folder);
    expect(linesOf(await play("probe", payload))).toEqual([line]);
  });

  test("middleware and locals", async () => {
    await deploySeed("middleware");
    const story = completed(await play("my-task", {}));
    expect(linesOf(story).at(0)).toBe("Connecting to the database");
    expect(linesOf(story).at(-1)).toBe("Disconnecting from the database");
  });

  test("onWait and onResume", async () => {
    await deploySeed("wait");
    const story = completed(await play("my-task", {}));
    const begins = linesOf(story).map((line) => line.split(" ").slice(0, 2).join(" "));
    expect(begins).toEqual(["Run started", "Run paused", "Run resumed", "Run finished"]);
    expect(story.statuses).toContain("WAITING");
  });
});
