import { runService } from "@windlass/chassis";
import { readConfig } from "./config.ts";
import { createDashboardService } from "./service.ts";

await runService(createDashboardService(readConfig()));
