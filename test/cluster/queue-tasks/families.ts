import { queue, task, tasks, wait } from "@windlass/sdk";

const family = queue({ name: "family", concurrencyLimit: 1 });

/** Waits for two children that are in its own queue, of which one run may execute. */
export const parent = task({
  id: "parent",
  queue: family,
  run: async (payload: { numbers: number[] }) => {
    const { runs } = await child.batchTriggerAndWait(payload.numbers.map((number) => ({ payload: { number } })));
    return { sum: runs.reduce((sum, run) => sum + (run.ok ? run.output.doubled : 0), 0) };
  },
});

export const child = task({
  id: "child",
  queue: family,
  run: async (payload: { number: number }) => ({ doubled: payload.number * 2 }),
});

/** Waits for a run of `waits-back`, which waits for the run that has this key: for this one. */
export const waitsAhead = task({
  id: "waits-ahead",
  retry: { maxAttempts: 1 },
  run: async (payload: { key: string }) => {
    const result = await waitsBack.triggerAndWait(payload);
    return { isOk: result.ok, error: result.ok ? "" : String(result.error) };
  },
});

export const waitsBack = task({
  id: "waits-back",
  retry: { maxAttempts: 1 },
  run: async (payload: { key: string }) => {
    await tasks.triggerAndWait("waits-ahead", payload, { idempotencyKey: payload.key });
  },
});

/** Waits long enough to be seen. */
export const waits = task({ id: "waits", run: () => wait.for({ minutes: 10 }) });
