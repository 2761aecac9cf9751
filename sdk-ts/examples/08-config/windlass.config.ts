// What holds for all tasks of a project. `windlass deploy 08-config` finds this file, and the tasks in trigger/.
// trigger.config.ts is the same thing under another name.
import { defineConfig } from "@windlass/sdk";

export default defineConfig({
  project: "proj_example",
  dirs: ["./trigger"],
  // For tasks that say nothing else, field by field.
  retries: { enabledInDev: true, default: { maxAttempts: 5, minTimeoutInMs: 200 } },
  maxDuration: 300,
  machine: "small-2x",
  logLevel: "info",
  // Hooks of the config run before those of init.ts and of the tasks.
  onFailure: async (_payload, error, { ctx }) => console.error(`${ctx.task.id} failed for good: ${String(error)}`),
});
