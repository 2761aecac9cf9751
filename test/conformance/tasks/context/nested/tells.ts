import { task, tasks } from "@windlass/sdk";
import { said } from "../../said.ts";

/** Gives back its whole context, and says the one a hook gets. */
export const tells = task({
  id: "tells",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false },
  onStartAttempt: ({ ctx }) => said("hook", { ctx }),
  run: async ({ failures, triggers }: { failures?: number; triggers?: boolean }, { ctx }) => {
    said(`attempt ${ctx.attempt.number}`, { ctx });
    if (ctx.attempt.number <= (failures ?? 0)) throw new Error("as asked");
    if (triggers !== true) return { ctx };
    const child = await tasks.trigger("tells", {});
    return { ctx, child: child.id };
  },
});

export const tellsEnvironment = task({
  id: "tells-environment",
  run: async () => ({ ...process.env }),
});

export const tellsVariable = task({
  id: "tells-variable",
  run: async ({ name }: { name: string }) => process.env[name] ?? null,
});
