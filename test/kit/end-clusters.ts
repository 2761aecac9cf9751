import { afterAll } from "vitest";
import { endAllClusters } from "./cluster.ts";

// Loaded before every cluster test file: whatever a failed test left running ends here.
afterAll(endAllClusters);
