import { runService } from "@windlass/chassis";
import { readConfig } from "./config.ts";
import { createQueueService } from "./service.ts";

/** Another queue service owns the queue. Whoever starts this one sees by the code that it was no crash. */
const SUPERSEDED_EXIT_CODE = 3;

const service = createQueueService(readConfig(), () => {
  void service.stop().finally(() => process.exit(SUPERSEDED_EXIT_CODE));
});
await runService(service);
