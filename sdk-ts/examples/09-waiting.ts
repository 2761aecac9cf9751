// A run that waits costs no concurrency slot: a wait of more than 5 s suspends its process, which goes on after it with
// its memory intact. `onWait` and `onResume` run around it.
import { logger, task, wait } from "@windlass/sdk";

export const reminder = task({
  id: "reminder",
  onWait: ({ wait }) => logger.info("suspended", { wait }),
  onResume: ({ wait }) => logger.info("resumed", { wait }),
  run: async (payload: { text: string; seconds: number }) => {
    const askedAt = Date.now();
    await wait.for({ seconds: payload.seconds });
    return { text: payload.text, waitedMs: Date.now() - askedAt };
  },
});

/** Waits until somebody completes a token: over the SDK as below, or with a POST to the token's url. */
export const approval = task({
  id: "approval",
  run: async (payload: { amount: number }) => {
    const token = await wait.createToken({ timeout: "1d", tags: "approval" });
    await answer.trigger({ tokenId: token.id, isApproved: payload.amount < 100 });
    const result = await wait.forToken<{ isApproved: boolean }>(token);
    if (!result.ok) return "nobody answered in time";
    return result.output.isApproved ? "approved" : "rejected";
  },
});

export const answer = task({
  id: "answer",
  run: async (payload: { tokenId: string; isApproved: boolean }) => {
    await wait.completeToken(payload.tokenId, { isApproved: payload.isApproved });
  },
});
