import { fileURLToPath } from "node:url";
import { bundle, index } from "@windlass/sdk/build";
import { describe, expect, it } from "vitest";

/** What the overview's words make of each folder. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  trigger: [
    "task-with-init",
    "task-with-cleanup",
    "heavy-task",
    "hello-world",
    "task-with-init-return",
    "long-task",
    "task-with-on-complete",
    "task-with-on-failure",
    "task-with-on-start",
    "task-with-on-success",
    "one-at-a-time",
    "task-with-retries",
  ],
  "backend/trigger": ["hello-world"],
  "global-hooks": ["probe"],
  "global-init": ["probe"],
  middleware: ["my-task"],
  "config-on-start": ["probe"],
  "config-on-success": ["probe"],
  "config-on-failure": ["probe"],
  wait: ["my-task"],
  cancel: ["cancel-example", "interruptible-chat"],
};

function indexed(folder: string): ReturnType<typeof index> {
  return bundle(fileURLToPath(new URL(folder, import.meta.url))).then((bundled) => index(bundled));
}

describe("the overview's snippets", () => {
  it.each(Object.entries(FOLDERS))("in %s bundle and index as they are", async (folder, ids) => {
    expect((await indexed(folder)).map(({ id }) => id)).toEqual(ids);
  });

  it("say what their options say", async () => {
    const tasks = new Map((await indexed("trigger")).map((task) => [task.id, task]));
    expect(tasks.get("hello-world")).toMatchObject({ filePath: "hello-world.ts", exportName: "", queue: "" });
    expect(tasks.get("task-with-retries")).toMatchObject({
      exportName: "taskWithRetries",
      retry: { maxAttempts: 10, factor: 1.8, minTimeoutMs: 500n, maxTimeoutMs: 30_000n, randomize: false },
    });
    expect(tasks.get("one-at-a-time")).toMatchObject({ queue: "", queueConcurrencyLimit: 1 });
    expect(tasks.get("heavy-task")).toMatchObject({ machine: "large-1x" });
    expect(tasks.get("long-task")).toMatchObject({ maxDurationSeconds: 300 });
    const [, chat] = await indexed("cancel");
    expect(chat).toMatchObject({ description: "Chat with the AI", exportName: "interruptibleChat" });
  });
});
