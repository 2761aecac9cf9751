import { afterAll } from "vitest";
import { endAllClusters } from "./cluster.ts";
import { endAllStartCommands } from "./start-command.ts";
import { endAllWindlassCommands } from "./windlass-command.ts";

// Loaded before every cluster test file: whatever a failed test left running ends here.
afterAll(async () => {
  await Promise.all([endAllClusters(), endAllStartCommands(), endAllWindlassCommands()]);
});
