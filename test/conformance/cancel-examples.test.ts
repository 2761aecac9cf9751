import { runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSection, type Section } from "./harness/open-section.ts";
import { overviewFolder } from "./harness/overview.ts";
import { linesOf, type Story, storyOf, untilStatus } from "./harness/play.ts";

// The onCancel examples of the overview, as they are printed there; a local stand-in is the AI stream.
let section: Section;

beforeAll(async () => {
  section = await openSection("cancel-examples", overviewFolder("cancel"));
});

afterAll(() => section[Symbol.asyncDispose]());

/** Cancels a run once it has begun. */
async function cancelBegun(taskId: string, payload: unknown): Promise<Story> {
  const handle = await tasks.trigger(taskId, payload);
  await untilStatus(handle.id, "EXECUTING");
  for await (const { type } of runs.subscribeToEvents(handle.id)) if (type === "attempt-started") break;
  await runs.cancel(handle.id);
  return await storyOf(handle.id);
}

test("the onCancel hook can wait for the run function to finish, and access the output of the run", async () => {
  const story = await cancelBegun("cancel-example", { message: "hi" });
  expect(story.run).toMatchObject({ status: "CANCELED", output: { message: "Hello, world!" } });
  expect(story.hooks.filter((hook) => hook.includes("onCancel"))).toEqual([
    "1 global onCancel ok",
    "1 task onCancel ok",
  ]);
  // By itself, as the signal let it: by force is how it would have ended after the limit.
  expect(story.events.flatMap((event) => (event.type === "cancel" ? [event.phase] : [])).at(-1)).toBe("ended");
});

test("an onCancel hook registered inside of run sees its variables; the signal aborts the stream", async () => {
  const story = await cancelBegun("interruptible-chat", { prompt: "200 words" });
  expect(story.run.status).toBe("CANCELED");
  expect(story.run.error?.code ?? "CANCELED").toBe("CANCELED");
  expect(linesOf(story)).toContain("saved chunks to the database");
});

test("a global onCancel hook is called when a run is canceled", async () => {
  const story = await cancelBegun("cancel-example", { message: "hi" });
  expect(linesOf(story).some((line) => line.startsWith("Run cancelled AbortSignal"))).toBe(true);
});

test("the chat that nobody cancels answers", async () => {
  const handle = await tasks.trigger("interruptible-chat", { prompt: "3 words" });
  const { run } = await storyOf(handle.id);
  expect(run).toMatchObject({ status: "COMPLETED", output: "word-1 word-2 word-3 " });
});
