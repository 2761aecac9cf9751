// A hundred thousand runs at once, out of a source that need not fit into memory.
import { batch, task } from "@windlass/sdk";

export const sendNewsletter = task({
  id: "send-newsletter",
  run: async (payload: { address: string }) => `sent to ${payload.address}`,
});

/** Stands for a database cursor. */
async function* subscribers(): AsyncGenerator<string> {
  for (let number = 0; number < 100_000; number += 1) yield `subscriber-${number}@example.com`;
}

async function* items() {
  for await (const address of subscribers())
    yield { payload: { address }, options: { idempotencyKey: `newsletter-7-${address}` } };
}

/** Rows are read no faster than runs are stored. An item that is wrong fails alone. */
export async function sendToAll(): Promise<string> {
  const { batchId, failedItems } = await sendNewsletter.batchTrigger(items());
  for (const { index, error } of failedItems) console.error(`subscriber ${index}: ${error.message}`);
  return batchId;
}

/** How far it is. */
export async function progress(batchId: string): Promise<string> {
  const { runCount, completedCount, unsuccessfulCount } = await batch.retrieve(batchId);
  return `${completedCount} of ${runCount}, ${unsuccessfulCount} not well`;
}
