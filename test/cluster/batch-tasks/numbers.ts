import { task } from "@windlass/sdk";

/** Gives back its number. */
export const number = task({ id: "number", run: async (payload: number) => payload });

export const fails = task({
  id: "fails",
  retry: { maxAttempts: 1 },
  run: async () => {
    throw new Error("no");
  },
});

/** Waits for a batch of its own. */
export const sums = task({
  id: "sums",
  run: async ({ count }: { count: number }) => {
    const { runs } = await number.batchTriggerAndWait(Array.from({ length: count }, (_, n) => ({ payload: n })));
    return { count: runs.length, inOrder: runs.every((run, n) => run.ok && run.output === n) };
  },
});
