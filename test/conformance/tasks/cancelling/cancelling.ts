import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { task, tasks, wait } from "@windlass/sdk";
import { said } from "../said.ts";

tasks.onCancel("global", ({ task }) => {
  if (task === "stops-when-told") said("global onCancel");
});

export const stopsWhenTold = task({
  id: "stops-when-told",
  retry: { maxAttempts: 3 },
  init: () => ({ fromInit: true }),
  run: async ({ failAtTheEnd }: { failAtTheEnd?: boolean }, { signal }) => {
    said("running");
    await once(signal, "abort");
    said("signal aborted", { reason: String(signal.reason) });
    if (failAtTheEnd === true) throw new Error("fails after the cancel");
    return "the output";
  },
  onCancel: async ({ payload, ctx, signal, init, runPromise, task }) => {
    said("task onCancel", { payload, runId: ctx.run.id, aborted: signal.aborted, init, task });
    const outcome = await runPromise.then(
      (output) => ({ output }),
      (error: unknown) => ({ error: String(error) }),
    );
    said("runPromise settled", outcome);
  },
  onSuccess: () => said("onSuccess"),
  onFailure: () => said("onFailure"),
  onComplete: () => said("onComplete"),
  handleError: () => said("handleError"),
  cleanup: () => said("cleanup"),
});

/** While one of them runs the next is queued. */
export const oneAtATime = task({
  id: "one-at-a-time",
  queue: { concurrencyLimit: 1 },
  run: async (_: unknown, { signal }) => {
    said("running");
    await once(signal, "abort");
  },
});

async function loopForEver(): Promise<never> {
  await sleep(50); // so that what was said before is told
  for (;;);
}

async function neverEnd(): Promise<undefined> {
  said("running", { pid: process.pid });
  return await new Promise<undefined>(() => {});
}

/** What of "never-stops" never ends. */
type Where = "run" | "a loop" | "onCancel" | "init" | "onSuccess" | "cleanup";

export const neverStops = task({
  id: "never-stops",
  run: async ({ where }: { where: Where }, { signal }) => {
    if (where === "onSuccess" || where === "cleanup") return;
    said("running", { pid: process.pid });
    if (where === "a loop") await loopForEver();
    if (where === "onCancel") await once(signal, "abort");
    else await new Promise(() => {});
  },
  init: async ({ payload }) => {
    return payload.where === "init" ? await neverEnd() : undefined;
  },
  onSuccess: async ({ payload }) => {
    if (payload.where === "onSuccess") await neverEnd();
  },
  cleanup: async ({ payload }) => {
    if (payload.where === "cleanup") await neverEnd();
  },
  onCancel: async ({ payload, runPromise }) => {
    said("onCancel");
    if (payload.where === "onCancel") await new Promise(() => {});
    await runPromise;
  },
});

export const waitsLong = task({
  id: "waits-long",
  onWait: () => said("onWait"),
  onResume: () => said("onResume"),
  onCancel: ({ signal }) => said("onCancel", { aborted: signal.aborted }),
  cleanup: () => said("cleanup"),
  run: async () => {
    said("before");
    await wait.for({ minutes: 10 });
    said("after");
  },
});

export const failsSlowly = task({
  id: "fails-slowly",
  retry: { maxAttempts: 3, minTimeoutInMs: 600_000, maxTimeoutInMs: 600_000, randomize: false },
  run: async () => {
    throw new Error("as asked");
  },
});

/** A parent of a parent. */
export const grandparent = task({
  id: "grandparent",
  run: async () => {
    await parent.triggerAndWait({ waits: true });
  },
});

export const returns = task({ id: "returns", run: async () => "the output" });

/** Has children, waits for one or not. */
export const parent = task({
  id: "parent",
  run: async ({ waits }: { waits: boolean }, { signal }) => {
    if (waits) {
      await stopsWhenTold.triggerAndWait({});
      return;
    }
    const { id } = await stopsWhenTold.trigger({});
    said("child", { id });
    await once(signal, "abort");
  },
});
