// What may be said beside the payload: when, how often, under which key; and what can be done with runs afterwards.
import { batch, idempotencyKeys, runs, task } from "@windlass/sdk";
import { helloWorld } from "./01-hello-world.ts";
import { countWords } from "./10-subtasks.ts";

export const orderPlaced = task({
  id: "order-placed",
  run: async (payload: { orderId: string }) => {
    // One letter per order, also when this run is retried after it was sent: the key belongs to the run.
    const idempotencyKey = await idempotencyKeys.create(["letter", payload.orderId]);
    const letter = await helloWorld.trigger({ message: `Thanks for ${payload.orderId}` }, { idempotencyKey });
    const again = await helloWorld.trigger({ message: "not sent" }, { idempotencyKey });
    // A day later, unless nothing had a worker for it within an hour after that.
    await helloWorld.trigger({ message: "How was it?" }, { delay: "1d", ttl: "1h", tags: ["survey"], priority: 10 });
    return { sameRun: letter.id === again.id, isCached: again.isCached };
  },
});

/** Several tasks at once, from anywhere. */
export async function triggerSome(): Promise<string> {
  const { batchId } = await batch.triggerByTask([
    { task: helloWorld, payload: { message: "Hello world!" } },
    { task: countWords, payload: { text: "two words" } },
  ]);
  return batchId;
}

/** Runs that failed, once more. */
export async function replayFailed(): Promise<void> {
  for await (const run of runs.list({ status: ["FAILED", "CRASHED"], tag: "survey" })) {
    const replay = await runs.replay(run);
    console.log(`${run.id} again as ${replay.id}`);
  }
}

/** A delayed run, sooner. */
export async function sooner(runId: string): Promise<Date | undefined> {
  return (await runs.reschedule<typeof helloWorld>(runId, { delay: "10m" })).dueAt;
}
