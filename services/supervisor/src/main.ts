import { runService } from "@windlass/chassis";
import { readConfig } from "./config.ts";
import { createSupervisor } from "./service.ts";

await runService(createSupervisor(readConfig()));
