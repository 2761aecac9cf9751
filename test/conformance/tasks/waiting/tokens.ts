import { task, wait } from "@windlass/sdk";
import { said } from "../said.ts";

/** Makes a token, or takes the one it is given, and waits for it. */
export const waitsForToken = task({
  id: "waits-for-token",
  onWait: ({ wait }) => said("onWait", { wait }),
  onResume: ({ wait }) => said("onResume", { wait }),
  run: async ({ token, timeout }: { token?: string; timeout?: string }) => {
    const made = token === undefined ? await wait.createToken({ timeout: timeout ?? "10m" }) : undefined;
    const id = token ?? made?.id ?? "";
    said("waits", { id, url: made?.url });
    const result = await wait.forToken<{ approved: boolean }>(id);
    return result.ok ? { ok: true, output: result.output } : { ok: false, error: String(result.error) };
  },
});

export const unwrapsToken = task({
  id: "unwraps-token",
  retry: { maxAttempts: 1 },
  run: async ({ token }: { token: string }) => await wait.forToken<{ approved: boolean }>(token).unwrap(),
});

export const completesToken = task({
  id: "completes-token",
  run: async ({ token }: { token: string }) => {
    await wait.completeToken(token, { approved: true });
  },
});
