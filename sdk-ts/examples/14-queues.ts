// How many runs execute at once, and how many may begin in a minute.
import { queue, queues, task } from "@windlass/sdk";

// One at a time, in the order in which they were triggered.
export const updateLedger = task({
  id: "update-ledger",
  queue: { concurrencyLimit: 1 },
  run: async (payload: { amount: number }) => payload.amount,
});

// A queue that tasks share: at most 5 at once and 100 a minute, both for each concurrency key by itself.
const outgoing = queue({
  name: "outgoing",
  concurrencyLimit: 5,
  rateLimit: { limit: 100, period: "1m", perKey: true },
  maxLength: 100_000,
});

export const callWebhook = task({
  id: "call-webhook",
  queue: outgoing,
  run: async (payload: { url: string }) => `called ${payload.url}`,
});

/** Each customer has an allowance of his own; a paying one's runs overtake what the last ten minutes have brought. */
export async function notify(customerId: string, url: string, isPaying: boolean): Promise<string> {
  const { id } = await callWebhook.trigger({ url }, { concurrencyKey: customerId, priority: isPaying ? 600 : 0 });
  return id;
}

/** While the other side is in trouble: nothing, and then little at a time. */
export async function stopCalling(): Promise<void> {
  await queues.pause(outgoing);
}

export async function startCallingSlowly(): Promise<number> {
  await queues.overrideConcurrencyLimit(outgoing, 1);
  const { queued } = await queues.resume(outgoing);
  return queued;
}

export async function asDeclared(): Promise<void> {
  await queues.resetConcurrencyLimit(outgoing);
}
