import { tasks } from "@windlass/sdk";
import { said } from "../said.ts";

// A file like any other, without a task.
tasks.onStart("anywhere", () => said("anywhere onStart"));
