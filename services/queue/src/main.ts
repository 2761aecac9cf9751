import { runService } from "@windlass/chassis";
import { readConfig } from "./config.ts";
import { createQueueService } from "./service.ts";

await runService(createQueueService(readConfig()));
