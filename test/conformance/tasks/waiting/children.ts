import { batch, SubtaskUnwrapError, task, tasks, wait } from "@windlass/sdk";
import { said } from "../said.ts";

export const child = task({
  id: "child",
  retry: { maxAttempts: 1 },
  run: async ({ value, fail }: { value: number; fail?: boolean }, { ctx }) => {
    if (fail === true) throw new RangeError(`child ${value} fails`);
    return { double: value * 2, parent: ctx.run.parentTaskRunId };
  },
});

export const triggersAndWaits = task({
  id: "triggers-and-waits",
  onWait: ({ wait }) => said("onWait", { wait }),
  onResume: ({ wait }) => said("onResume", { wait }),
  run: async ({ fail, byId }: { fail?: boolean; byId?: boolean }) => {
    const payload = { value: 21, ...(fail !== undefined && { fail }) };
    const result = await (byId === true
      ? tasks.triggerAndWait<typeof child>("child", payload)
      : child.triggerAndWait(payload));
    return result.ok
      ? { ok: true, id: result.id, output: result.output }
      : { ok: false, id: result.id, error: String(result.error) };
  },
});

export const triggersAndWaitsTwiceAtOnce = task({
  id: "triggers-and-waits-twice-at-once",
  retry: { maxAttempts: 1 },
  run: async () => {
    const settled = await Promise.allSettled([child.triggerAndWait({ value: 1 }), child.triggerAndWait({ value: 2 })]);
    return settled.map((one) => (one.status === "fulfilled" ? "waited" : String(one.reason)));
  },
});

/** Waits for one thing after another, and lets its first attempt fail after that. */
export const waitsInARow = task({
  id: "waits-in-a-row",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 },
  run: async (_: unknown, { ctx }) => {
    const seen: unknown[] = [];
    seen.push((await child.triggerAndWait({ value: 1 }).unwrap()).double);
    const { runs } = await child.batchTriggerAndWait([{ payload: { value: 2 } }, { payload: { value: 3 } }]);
    seen.push(...runs.map((run) => run.ok && run.output.double));
    await wait.for({ seconds: 6 });
    seen.push((await child.triggerAndWait({ value: 4 }).unwrap()).double);
    if (ctx.attempt.number === 1) throw new Error("after the waits");
    return seen;
  },
});

export const unwraps = task({
  id: "unwraps",
  run: async ({ fail }: { fail: boolean }) => {
    try {
      return { output: await child.triggerAndWait({ value: 21, fail }).unwrap() };
    } catch (error) {
      return { isSubtaskUnwrapError: error instanceof SubtaskUnwrapError, error: String(error) };
    }
  },
});

export const batchesAndWaits = task({
  id: "batches-and-waits",
  onWait: ({ wait }) => said("onWait", { wait }),
  onResume: ({ wait }) => said("onResume", { wait }),
  run: async ({ byBatch }: { byBatch?: boolean }) => {
    const payloads = [{ value: 1 }, { value: 2, fail: true }, { value: 3 }];
    const { runs } =
      byBatch === true
        ? await batch.triggerAndWait<typeof child>(payloads.map((payload) => ({ id: "child" as const, payload })))
        : await child.batchTriggerAndWait(payloads.map((payload) => ({ payload })));
    return runs.map((run) => (run.ok ? run.output.double : String(run.error)));
  },
});
