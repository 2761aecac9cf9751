import { runs, tasks, wait } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, storyOf, untilSaid, untilStatus } from "./harness/play.ts";

// lifecycle.md, section 6.
let section: Section;

beforeAll(async () => {
  section = await openSection("waiting", tasksOf("waiting"));
});

afterAll(() => section[Symbol.asyncDispose]());

const throughAWait = ["QUEUED", "EXECUTING", "WAITING", "QUEUED", "EXECUTING", "COMPLETED"];

test("waits of 5 s or less stay in the process: no hooks", async () => {
  const { run, statuses, places } = await play("waits-for", { duration: { seconds: 1 } });
  expect(run.status).toBe("COMPLETED");
  expect(statuses).toEqual(["QUEUED", "EXECUTING", "COMPLETED"]);
  expect(places).toEqual(["before", "after"]);
  const [attempt] = run.attempts;
  expect(Number(attempt?.finishedAt) - Number(attempt?.startedAt)).toBeGreaterThanOrEqual(950);
});

test("longer waits: onWait hooks, status WAITING, process suspended; when done: resumed, onResume hooks, code continues after the wait with its memory intact", async () => {
  const { run, statuses, places, at, hooks } = await play("waits-for", { duration: { seconds: 15 } });
  expect(statuses).toEqual(throughAWait);
  expect(places).toEqual(["before", "global onWait", "task onWait", "global onResume", "task onResume", "after"]);
  expect(run).toMatchObject({ attemptCount: 1, output: { kept: { list: [1, 2, 3] }, isSameProcess: true } });
  expect((run.output as { ticks: number }).ticks).toBeLessThan(150); // 15 s would be 300
  expect(at("after")).toEqual(at("before"));
  const waitOf = (place: string) => at(place)["wait"] as { type: string; date: string };
  expect(waitOf("task onWait")).toEqual({ type: "duration", date: expect.any(String) as string });
  expect(waitOf("task onResume")).toEqual(waitOf("task onWait"));
  const resumedAfterMs = Date.parse(String(at("task onResume")["now"])) - Date.parse(waitOf("task onWait").date);
  expect(resumedAfterMs).toBeGreaterThanOrEqual(-100);
  expect(resumedAfterMs).toBeLessThan(30_000);
  expect(hooks.filter((hook) => /onWait|onResume/u.test(hook))).toEqual([
    "1 global global onWait ok",
    "1 task onWait ok",
    "1 global global onResume ok",
    "1 task onResume ok",
  ]);
});

test("the timeline tells of the wait's begin and end", async () => {
  const { events } = await play("waits-for", { duration: { seconds: 6 } });
  expect(events.map(({ type }) => type).filter((type) => type.startsWith("wait"))).toEqual([
    "wait-started",
    "wait-ended",
  ]);
});

describe("wait.for", () => {
  const day = 86_400_000;
  test.for([
    [{ minutes: 2 }, 120_000],
    [{ hours: 3 }, 3 * 3_600_000],
    [{ days: 2 }, 2 * day],
    [{ weeks: 2 }, 14 * day],
    [{ months: 1 }, 30 * day],
    [{ years: 1 }, 365 * day],
  ] as const)("%o", async ([duration, expectedMs]) => {
    const handle = await tasks.trigger("waits-for", { duration });
    const { data } = await untilSaid(handle.id, "task onWait");
    await untilStatus(handle.id, "WAITING");
    await runs.cancel(handle.id);
    const ms = Date.parse((data["wait"] as { date: string }).date) - Date.parse(String(data["now"]));
    expect(ms).toBeGreaterThan(expectedMs * 0.9); // months and years are not all of one length
    expect(ms).toBeLessThan(expectedMs * 1.1);
    expect((await runs.poll(handle.id)).status).toBe("CANCELED");
  });
});

test("wait.until({ date })", async () => {
  const date = new Date(Date.now() + 15_000);
  const { run, at } = await play("waits-until", { date });
  expect(run.status).toBe("COMPLETED");
  expect(at("task onWait")["wait"]).toEqual({ type: "duration", date: date.toISOString() });
  const { late } = run.output as { late: number };
  expect(late).toBeGreaterThanOrEqual(-100);
  expect(late).toBeLessThan(30_000);
});

test("wait.until a date that has passed goes on at once", async () => {
  const { statuses } = await play("waits-until", { date: new Date(0) });
  expect(statuses).toEqual(["QUEUED", "EXECUTING", "COMPLETED"]);
});

test("the concurrency slot is given back: more runs wait than may execute at once, and another runs", async () => {
  const moreThanSlots = 16;
  const date = new Date(Date.now() + 600_000);
  const handles = await Promise.all(
    Array.from({ length: moreThanSlots }, () => tasks.trigger("waits-until", { date })),
  );
  await Promise.all(handles.map(({ id }) => untilStatus(id, "WAITING")));
  const { run } = await play("quick");
  expect(run.status).toBe("COMPLETED");
  expect(Date.now()).toBeLessThan(date.getTime());
  await Promise.all(handles.map(({ id }) => runs.cancel(id)));
  for (const { id } of handles) expect((await runs.poll(id)).status).toBe("CANCELED");
});

test.for(["waits-twice-at-once", "triggers-and-waits-twice-at-once"])(
  "two waits at once in one run: the second throws a clear error (%s)",
  async (taskId) => {
    const { run } = await play(taskId);
    expect(run.status).toBe("COMPLETED");
    const [first, second] = run.output as string[];
    expect(first).toBe("waited");
    expect(second).toMatch(/^Error: .*wait/u);
  },
);

test("a run may wait for one thing after another, in every attempt", async () => {
  const { run, statuses } = await play("waits-in-a-row");
  expect(run).toMatchObject({ status: "COMPLETED", attemptCount: 2, output: [2, 4, 6, 8] });
  expect(run.attempts[0]).toMatchObject({ outcome: "FAILED", error: { message: "after the waits" } });
  expect(statuses.filter((status) => status === "WAITING")).toHaveLength(8);
});

test("if the process is lost while waiting, the attempt ends and is retried", async () => {
  const handle = await tasks.trigger("waits-and-is-killed", {});
  const { data } = await untilSaid(handle.id, "attempt 1");
  await untilStatus(handle.id, "WAITING");
  process.kill(Number(data["pid"]), "SIGKILL");
  const { run } = await storyOf(handle.id);
  expect(run).toMatchObject({ status: "COMPLETED", attemptCount: 2, output: 2 });
  expect(run.attempts[0]).toMatchObject({ outcome: "CRASHED" });
});

describe("triggerAndWait", () => {
  test.for([{}, { byId: true }])("gives { ok: true, id, output } (%o)", async (payload) => {
    const story = await play("triggers-and-waits", payload);
    expect(story.run).toMatchObject({ status: "COMPLETED", output: { ok: true } });
    const { id, output } = story.run.output as { id: string; output: object };
    expect(output).toEqual({ double: 42, parent: story.id });
    expect(story.statuses).toEqual(throughAWait);
    expect(story.at("onWait")["wait"]).toEqual({ type: "task", runId: id });
    expect(story.at("onResume")["wait"]).toEqual({ type: "task", runId: id });
    expect((await runs.retrieve(id)).status).toBe("COMPLETED");
  });

  test("or { ok: false, id, error }", async () => {
    const { run } = await play("triggers-and-waits", { fail: true });
    expect(run).toMatchObject({
      status: "COMPLETED",
      output: { ok: false, id: expect.stringMatching(/^run_/u) as string, error: "RangeError: child 21 fails" },
    });
  });

  test(".unwrap() gives the output", async () => {
    const { run } = await play("unwraps", { fail: false });
    expect(run.output).toMatchObject({ output: { double: 42 } });
  });

  test(".unwrap() throws SubtaskUnwrapError", async () => {
    const { run } = await play("unwraps", { fail: true });
    expect(run.output).toMatchObject({ isSubtaskUnwrapError: true });
    expect((run.output as { error: string }).error).toContain("child 21 fails");
  });
});

test.for([{}, { byBatch: true }])("batch results keep input order (%o)", async (payload) => {
  const story = await play("batches-and-waits", payload);
  expect(story.run).toMatchObject({ status: "COMPLETED", output: [2, "RangeError: child 2 fails", 6] });
  expect(story.statuses).toEqual(throughAWait);
  const wait = { type: "batch", batchId: expect.stringMatching(/^batch_/u) as string, runCount: 3 };
  expect(story.at("onWait")["wait"]).toEqual(wait);
  expect(story.at("onResume")["wait"]).toEqual(wait);
});

describe("tokens", () => {
  test("wait.completeToken(id, data) of another program ends the wait", async () => {
    const handle = await tasks.trigger("waits-for-token", {});
    const { data } = await untilSaid(handle.id, "waits");
    await untilStatus(handle.id, "WAITING");
    await wait.completeToken(String(data["id"]), { approved: true });
    const story = await storyOf(handle.id);
    expect(story.run).toMatchObject({ status: "COMPLETED", output: { ok: true, output: { approved: true } } });
    expect(story.statuses).toEqual(throughAWait);
    expect(story.at("onWait")["wait"]).toEqual({ type: "token", token: data["id"] });
    expect(story.at("onResume")["wait"]).toEqual({ type: "token", token: data["id"] });
  });

  test("a task completes one too", async () => {
    const { id: token } = await wait.createToken({ timeout: "10m" });
    const handle = await tasks.trigger("waits-for-token", { token });
    await untilStatus(handle.id, "WAITING");
    expect((await play("completes-token", { token })).run.status).toBe("COMPLETED");
    expect(await runs.poll(handle.id)).toMatchObject({ output: { ok: true, output: { approved: true } } });
  });

  test("a token that is already completed", async () => {
    const { id: token } = await wait.createToken({});
    await wait.completeToken(token, { approved: false });
    const { run } = await play("waits-for-token", { token });
    expect(run.output).toEqual({ ok: true, output: { approved: false } });
    const unwrapped = await play("unwraps-token", { token });
    expect(unwrapped.run.output).toEqual({ approved: false });
  });

  test("HTTP POST to the token's url with its own secret completes it", async () => {
    const token = await wait.createToken({ timeout: "10m" });
    const handle = await tasks.trigger("waits-for-token", { token: token.id });
    await untilStatus(handle.id, "WAITING");
    const response = await fetch(token.url ?? "", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ approved: true }),
    });
    expect(response.ok).toBe(true);
    expect(await runs.poll(handle.id)).toMatchObject({ output: { ok: true, output: { approved: true } } });
  });

  test("a wrong secret completes nothing", async () => {
    const token = await wait.createToken({ timeout: "10m" });
    const url = token.url ?? "";
    const wrong = url.slice(0, -4) + (url.endsWith("AAAA") ? "BBBB" : "AAAA");
    const response = await fetch(wrong, { method: "POST", body: "{}" });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect((await wait.retrieveToken(token.id)).status).toBe("WAITING");
  });

  test("timeout gives { ok: false, error }", async () => {
    const { run, statuses } = await play("waits-for-token", { timeout: "5s" });
    expect(run).toMatchObject({ status: "COMPLETED", output: { ok: false } });
    expect((run.output as { error: string }).error).toMatch(/time/iu);
    expect(statuses).toEqual(throughAWait);
  });

  test("createToken({ idempotencyKey }): the same key gives the same token; tags are kept", async () => {
    const first = await wait.createToken({ idempotencyKey: "the same", tags: ["a", "b"] });
    const second = await wait.createToken({ idempotencyKey: "the same" });
    expect(second.id).toBe(first.id);
    const kept = await wait.retrieveToken(first.id);
    expect(kept).toMatchObject({ id: first.id, tags: ["a", "b"] });
  });
});
