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

let suspensions = 0;

/** Waits for a batch of its own, whose items come as they are asked for; with a key each item has one of its own. */
export const sums = task({
  id: "sums",
  onWait: async () => {
    suspensions += 1;
  },
  run: async ({ count, key }: { count: number; key?: string }) => {
    suspensions = 0;
    const { runs } = await number.batchTriggerAndWait(items(count, key));
    return { count: runs.length, inOrder: runs.every((run, n) => run.ok && run.output === n), suspensions };
  },
});

async function* items(count: number, key: string | undefined) {
  for (let n = 0; n < count; n += 1) {
    yield key === undefined ? { payload: n } : { payload: n, options: { idempotencyKey: `${key}-${n}` } };
  }
}
