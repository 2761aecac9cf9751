import { afterAll, beforeAll, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play } from "./harness/play.ts";

// Nothing leaks between runs in a reused process: also not from what goes on after its run has ended.
let section: Section;

beforeAll(async () => {
  section = await openSection("leftovers", tasksOf("leftovers"));
});

afterAll(() => section[Symbol.asyncDispose]());

test("what a run leaves behind does not touch the next one in its process", async () => {
  for (let tries = 0; tries < 50; tries++) {
    const left = await play("leaves-behind", { forMs: 2_000 });
    const next = await play("looks-around");
    const { pid, metadata } = next.run.output as { pid: number; metadata: object };
    if (pid !== left.run.output) continue;
    expect(metadata).toEqual({});
    expect(next.run.metadata ?? {}).toEqual({});
    expect(next.events.filter((event) => event.type === "log")).toEqual([]);
    expect(next.hooks.filter((hook) => hook.includes("left behind"))).toEqual([]);
    return;
  }
  expect.unreachable("no process was used twice");
});
