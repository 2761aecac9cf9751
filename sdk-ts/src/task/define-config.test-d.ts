import { describe, expectTypeOf, it } from "vitest";
import { defineConfig, type ProjectConfig, queue, type QueueOption, task, type TaskContext } from "../index.ts";

describe("defineConfig", () => {
  it("types its hooks in both forms", () => {
    defineConfig({
      project: "proj_1234",
      onStart: async (payload, { ctx }) => {
        expectTypeOf(payload).toBeUnknown();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      },
      onSuccess: async (_payload, output, { ctx }) => {
        expectTypeOf(output).toBeUnknown();
        expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      },
      onFailure: ({ error }) => expectTypeOf(error).toBeUnknown(),
      handleError: async (_payload, _error, { retryAt }) =>
        retryAt === undefined ? undefined : { skipRetrying: true },
    });
  });

  it("takes the config that other clusters write", () => {
    const config = defineConfig({
      project: "proj_1234",
      runtime: "node",
      logLevel: "log",
      maxDuration: 3600,
      retries: { enabledInDev: true, default: { maxAttempts: 3, randomize: true } },
      dirs: ["./src/trigger"],
      machine: "small-2x",
      build: { external: ["sharp", /^@img/], extensions: [] },
    });
    expectTypeOf(config).toEqualTypeOf<ProjectConfig>();
    // @ts-expect-error -- the project is required
    defineConfig({ dirs: ["./trigger"] });
    // @ts-expect-error -- no such option
    defineConfig({ project: "proj_1234", retry: {} });
  });
});

describe("options of a task", () => {
  it("take machines and queues in each form", () => {
    const emails = queue({ name: "emails", concurrencyLimit: 5 });
    task({
      id: "options",
      run: () => 1,
      queue: emails,
      machine: "micro",
      retry: { outOfMemory: { machine: "large-1x" } },
    });
    task({ id: "options", run: () => 1, queue: { concurrencyLimit: 1 }, machine: { preset: "large-1x" } });
    task({ id: "options", run: () => 1, queue: { name: "emails" } });
    expectTypeOf(emails).toExtend<QueueOption>();
    // @ts-expect-error -- no such preset
    task({ id: "options", run: () => 1, machine: "huge" });
    // @ts-expect-error -- a queue of several tasks has a name
    queue({ concurrencyLimit: 1 });
  });
});
