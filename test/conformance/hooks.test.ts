import { runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, type Story, storyOf, untilSaid } from "./harness/play.ts";

// lifecycle.md, section 2: what hooks receive. Locals, in an environment of their own, are in locals.test.ts; ctx is in context.test.ts.
let section: Section;

beforeAll(async () => {
  section = await openSection("hooks", tasksOf("hooks"));
});

afterAll(() => section[Symbol.asyncDispose]());

const forms = [
  ["object form", "object-form"],
  ["positional form", "positional-form"],
] as const;
/** Where hooks are declared; those of the config are positional, the global ones take an object. */
const declared = ["config", "global", "task"] as const;
const output = { answer: 42 };
const init = { winner: "task", config: true, global: true, task: true };

/** Where hooks are declared in the positional form, in which onComplete has an output. */
function positionalPlacesOf(taskId: string): string[] {
  return taskId === "positional-form" ? ["config", "task"] : ["config"];
}

/** What every hook has. */
function common({ id, run }: Story): Record<string, unknown> {
  return { payload: run.payload, ctx: id, signal: "signal", task: run.taskIdentifier };
}

describe.for(forms)("%s: { payload, ctx, signal, task, ... }", ([, taskId]) => {
  test("of a run that succeeds: middleware has next, onSuccess output, onComplete the result", async () => {
    const story = await play(taskId, { plan: "succeed" });
    expect(story.run).toMatchObject({ status: "COMPLETED", output });
    for (const place of declared) {
      expect(story.at(`${place} middleware`)).toMatchObject({ ...common(story), next: "function" });
      expect(story.at(`${place} init`)).toMatchObject(common(story));
      expect(story.at(`${place} onStart`)).toMatchObject({ ...common(story), init });
      expect(story.at(`${place} onStartAttempt`)).toMatchObject({ ...common(story), init });
      expect(story.at(`${place} onSuccess`)).toMatchObject({ ...common(story), init, output });
      expect(story.at(`${place} onComplete`)).toMatchObject({
        ...common(story),
        init,
        result: { ok: true, data: output },
      });
      expect(story.at(`${place} cleanup`)).toMatchObject({ ...common(story), init });
    }
    expect(story.at("task run")).toMatchObject({ payload: { plan: "succeed" }, ctx: story.id, signal: "signal", init });
    for (const place of positionalPlacesOf(taskId)) expect(story.at(`${place} onComplete`)).toMatchObject({ output });
  });

  test("of a run that fails: handleError has the error and the default decision, onFailure the error, onComplete the result", async () => {
    const story = await play(taskId, { plan: "fail" }, { maxAttempts: 1 });
    expect(story.run.status).toBe("FAILED");
    const error = "Error: as asked";
    for (const place of declared) {
      const received = story.at(`${place} handleError`);
      expect(received).toMatchObject({ ...common(story), init, error });
      expect(received["retry"]).toMatchObject({
        factor: 2,
        minTimeoutInMs: 1000,
        maxTimeoutInMs: 60000,
        randomize: true,
      });
      expect(story.at(`${place} onFailure`)).toMatchObject({ ...common(story), init, error });
      expect(story.at(`${place} onComplete`)).toMatchObject({ ...common(story), init, result: { ok: false, error } });
      expect(story.at(`${place} cleanup`)).toMatchObject({ ...common(story), init });
    }
    for (const place of positionalPlacesOf(taskId))
      expect(story.at(`${place} onComplete`)).toMatchObject({ output: "undefined" });
  });

  test("of a run that fails and has attempts left: handleError is given retry, retryAt and retryDelayInMs", async () => {
    const handle = await tasks.trigger(taskId, { plan: "fail" }, { maxAttempts: 2 });
    await untilSaid(handle.id, "task cleanup");
    await runs.cancel(handle.id);
    const { said } = await storyOf(handle.id);
    for (const place of declared) {
      // The second attempt may have begun before the cancel came: the first is the one that is told of a retry.
      const received = said.find((one) => one.place === `${place} handleError`)?.data ?? {};
      expect(received).toMatchObject({ retryAt: "date", retry: { maxAttempts: 2 } });
      expect(received["retryDelayInMs"]).toBeGreaterThanOrEqual(1000);
      expect(received["retryDelayInMs"]).toBeLessThanOrEqual(2000);
    }
  });

  test("of a run that waits: onWait and onResume have the wait", async () => {
    const story = await play(taskId, { plan: "wait" });
    expect(story.run).toMatchObject({ status: "COMPLETED", output });
    for (const place of declared) {
      const received = { ...common(story), init, wait: { type: "duration", date: expect.any(String) as string } };
      expect(story.at(`${place} onWait`)).toMatchObject(received);
      expect(story.at(`${place} onResume`)).toMatchObject(received);
    }
  });

  test("of a run that is canceled: onCancel has the aborted signal and the runPromise", async () => {
    const handle = await tasks.trigger(taskId, { plan: "be canceled" });
    await untilSaid(handle.id, "running");
    await runs.cancel(handle.id);
    const story = await storyOf(handle.id);
    expect(story.run.status).toBe("CANCELED");
    for (const place of declared) {
      expect(story.at(`${place} onCancel`)).toMatchObject({
        ...common(story),
        signal: "aborted signal",
        init,
        runPromise: "promise",
      });
    }
  });
});

test.for(forms)("catchError is handleError by its newer name, in the %s", async ([, form]) => {
  const story = await play(`catch-error-${form}`, { plan: "fail" });
  expect(story.at("task catchError")).toMatchObject({ ...common(story), error: "Error: as asked" });
  expect(story.at("global catchError")).toMatchObject({ ...common(story), error: "Error: as asked" });
});

test("plain objects returned by global inits merge in registration order, the task's wins", async () => {
  const story = await play("object-form", { plan: "succeed" });
  expect(story.at("task run")["init"]).toEqual({ winner: "task", config: true, global: true, task: true });
});
