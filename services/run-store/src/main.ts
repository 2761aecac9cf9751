import { runService } from "@windlass/chassis";
import { readConfig } from "./config.ts";
import { createRunStore } from "./service.ts";

await runService(createRunStore(readConfig()));
