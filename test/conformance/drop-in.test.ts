import { close, configure } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { completed, linesOf, play } from "./harness/play.ts";

// lifecycle.md, section 9. The snippets of the overview are in overview.test.ts, overview-global-hooks.test.ts and cancel-examples.test.ts.
// One environment, whose version changes from test to test: so they run one after another.
let section: Section;

beforeAll(async () => {
  section = await openSection("drop-in", tasksOf("drop-in"));
});

afterAll(() => section[Symbol.asyncDispose]());

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
});
