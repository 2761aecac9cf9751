import { task, wait } from "@windlass/sdk";

export const child = task({
  id: "child",
  run: async (payload: { number: number }) => ({ doubled: payload.number * 2 }),
});

export const waitsForChild = task({
  id: "waits-for-child",
  run: async (payload: { number: number }) => {
    const kept = { pid: process.pid };
    const result = await child.triggerAndWait(payload);
    return { result: result.ok ? result.output : undefined, isSameProcess: kept.pid === process.pid };
  },
});

export const waitsForTime = task({
  id: "waits-for-time",
  run: async (payload: { seconds: number }) => {
    const beforeMs = Date.now();
    await wait.for({ seconds: payload.seconds });
    return { waitedMs: Date.now() - beforeMs };
  },
});

export const waitsForChildren = task({
  id: "waits-for-children",
  run: async (payload: { numbers: number[] }) => {
    const { runs } = await child.batchTriggerAndWait(payload.numbers.map((number) => ({ payload: { number } })));
    return runs.map((run) => (run.ok ? run.output.doubled : 0));
  },
});

export const loopsForEver = task({
  id: "loops-for-ever",
  maxDuration: 5,
  run: async () => {
    for (;;);
  },
});
