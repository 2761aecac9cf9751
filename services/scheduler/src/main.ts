import { runService } from "@windlass/chassis";
import { readConfig } from "./config.ts";
import { createSchedulerService } from "./service.ts";

await runService(createSchedulerService(readConfig()));
