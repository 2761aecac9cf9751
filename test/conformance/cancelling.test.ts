import { type RunEvent, runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../kit/index.ts";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, type Story, storyOf, untilSaid, untilStatus } from "./harness/play.ts";

// lifecycle.md, section 7. The limit is 3 s in this cluster; see harness/global-setup.ts.
let section: Section;

beforeAll(async () => {
  section = await openSection("cancelling", tasksOf("cancelling"));
});

afterAll(() => section[Symbol.asyncDispose]());

/** Cancels a run once its code runs. */
async function cancelRunning(taskId: string, payload: unknown, reason?: string): Promise<Story> {
  const handle = await tasks.trigger(taskId, payload);
  await untilSaid(handle.id, "running");
  const canceling = await runs.cancel(handle, reason === undefined ? {} : { reason });
  expect(canceling.status).toBe("CANCELING");
  return await storyOf(handle.id);
}

function phasesOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === "cancel" ? [event.phase] : []));
}

describe("in any non-terminal status", () => {
  test("queued: CANCELED at once", async () => {
    const first = await tasks.trigger("one-at-a-time", {});
    await untilSaid(first.id, "running");
    const second = await tasks.trigger("one-at-a-time", {});
    expect((await runs.cancel(second.id)).status).toBe("CANCELED");
    expect((await storyOf(second.id)).statuses).toEqual(["QUEUED", "CANCELED"]);
    await runs.cancel(first.id);
    expect((await runs.poll(first.id)).status).toBe("CANCELED");
  });

  test("delayed: CANCELED at once", async () => {
    const handle = await tasks.trigger("returns", {}, { delay: "1h" });
    expect((await runs.retrieve(handle.id)).status).toBe("DELAYED");
    expect((await runs.cancel(handle.id)).status).toBe("CANCELED");
    expect((await runs.poll(handle.id)).attemptCount).toBe(0);
  });

  test("retrying: CANCELED at once", async () => {
    const handle = await tasks.trigger("fails-slowly", {});
    await untilStatus(handle.id, "RETRYING");
    expect((await runs.cancel(handle.id)).status).toBe("CANCELED");
    expect((await runs.poll(handle.id)).attemptCount).toBe(1);
  });

  test("waiting for a version: CANCELED at once", async () => {
    const handle = await tasks.trigger("nobody-knows-this-task", {});
    expect((await runs.retrieve(handle.id)).status).toBe("PENDING_VERSION");
    expect((await runs.cancel(handle.id)).status).toBe("CANCELED");
  });

  test("executing: CANCELING, then CANCELED", async () => {
    const { run, statuses } = await cancelRunning("stops-when-told", {});
    expect(run.status).toBe("CANCELED");
    expect(statuses).toEqual(["QUEUED", "EXECUTING", "CANCELING", "CANCELED"]);
  });

  test("waiting: process resumed just for onCancel; cleanup runs if time is left", async () => {
    const handle = await tasks.trigger("waits-long", {});
    await untilStatus(handle.id, "WAITING");
    await runs.cancel(handle.id);
    const story = await storyOf(handle.id);
    expect(story.run.status).toBe("CANCELED");
    expect(story.statuses).toEqual(["QUEUED", "EXECUTING", "WAITING", "CANCELING", "CANCELED"]);
    expect(story.at("onCancel")).toEqual({ aborted: true });
    expect(story.places).toEqual(["before", "onWait", "onCancel", "cleanup"]);
    expect(story.hooks.slice(-3)).toEqual(["1 task onCancel ok", "1 task cleanup ok", "1 task run failed"]);
  });
});

test("the worker acknowledges; signal aborts (reason names the cancel); onCancel hooks run (globals, then task)", async () => {
  const story = await cancelRunning("stops-when-told", {}, "changed my mind");
  expect(phasesOf(story.events)).toEqual(["requested", "delivered", "acknowledged", "hooks_done", "ended"]);
  expect(story.at("signal aborted")["reason"]).toContain("changed my mind");
  expect(story.places.filter((place) => place.endsWith("onCancel"))).toEqual(["global onCancel", "task onCancel"]);
  expect(story.hooks.filter((hook) => hook.includes("onCancel"))).toEqual([
    "1 global global onCancel ok",
    "1 task onCancel ok",
  ]);
});

test("onCancel receives { payload, ctx, signal, init, runPromise, task }", async () => {
  const story = await cancelRunning("stops-when-told", {});
  expect(story.at("task onCancel")).toEqual({
    payload: {},
    runId: story.id,
    aborted: true,
    init: { fromInit: true },
    task: "stops-when-told",
  });
});

test("runPromise settles with run's outcome, so onCancel can await it; output of a run that returned in time is stored beside the status", async () => {
  const story = await cancelRunning("stops-when-told", {});
  expect(story.at("runPromise settled")).toEqual({ output: "the output" });
  expect(story.run).toMatchObject({ status: "CANCELED", output: "the output" });
});

test("runPromise of a run that throws rejects", async () => {
  const story = await cancelRunning("stops-when-told", { failAtTheEnd: true });
  expect(story.at("runPromise settled")).toEqual({ error: "Error: fails after the cancel" });
  expect(story.run.status).toBe("CANCELED");
});

test.for([{}, { failAtTheEnd: true }])(
  "no retry, no onFailure, no onComplete; cleanup runs if time is left (%o)",
  async (payload) => {
    const { run, places } = await cancelRunning("stops-when-told", payload);
    expect(run).toMatchObject({ status: "CANCELED", attemptCount: 1 });
    for (const hook of ["onSuccess", "onFailure", "onComplete", "handleError"]) expect(places).not.toContain(hook);
    expect(places.at(-1)).toBe("cleanup");
  },
);

test.for(["run", "a loop", "onCancel", "init", "onSuccess", "cleanup"])(
  "process ended if anything still runs when the time is over: %s never ends",
  async (where) => {
    const story = await cancelRunning("never-stops", { where });
    expect(story.run.status).toBe("CANCELED");
    expect(Number(story.run.finishedAt) - Number(story.run.cancelRequestedAt)).toBeLessThan(15_000);
    // A run that is still going has all the time there is; where only hooks are, the worker can end the attempt itself.
    expect(["forced", ...(where === "run" || where === "a loop" ? [] : ["ended"])]).toContain(
      phasesOf(story.events).at(-1),
    );
    await waitFor("the process to be gone", () => !isAlive(Number(story.at("running")["pid"])));
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("children are canceled too", () => {
  test("one that is waited for", async () => {
    const handle = await tasks.trigger("parent", { waits: true });
    await untilStatus(handle.id, "WAITING");
    const children = await section.api.runs.listRuns({ parentRunId: handle.id });
    const childId = children.runs[0]?.id ?? "";
    await untilSaid(childId, "running");
    await runs.cancel(handle.id);
    expect((await runs.poll(handle.id)).status).toBe("CANCELED");
    expect((await runs.poll(childId)).status).toBe("CANCELED");
  });

  test("and theirs", async () => {
    const childOf = async (runId: string) => {
      await untilStatus(runId, "WAITING");
      const { runs: children } = await section.api.runs.listRuns({ parentRunId: runId });
      return children[0]?.id ?? "";
    };
    const handle = await tasks.trigger("grandparent", {});
    const child = await childOf(handle.id);
    const grandchild = await childOf(child);
    await untilSaid(grandchild, "running");
    await runs.cancel(handle.id);
    for (const id of [handle.id, child, grandchild]) expect((await runs.poll(id)).status).toBe("CANCELED");
  });

  test("one that is not", async () => {
    const handle = await tasks.trigger("parent", { waits: false });
    const { data } = await untilSaid(handle.id, "child");
    const childId = String(data["id"]);
    await untilSaid(childId, "running");
    await runs.cancel(handle.id);
    expect((await runs.poll(childId)).status).toBe("CANCELED");
    expect((await runs.poll(handle.id)).status).toBe("CANCELED");
  });
});

test("canceling a finished run is OK and changes nothing", async () => {
  const { run } = await play("returns");
  const canceled = await runs.cancel(run.id);
  expect(canceled.status).toBe("COMPLETED");
  expect(await runs.retrieve(run.id)).toEqual(run);
});
