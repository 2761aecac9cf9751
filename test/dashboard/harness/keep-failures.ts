import { afterEach } from "vitest";
import { keepFailure } from "./browser.ts";

// Loaded before every file of the suite: what a failed test saw last is kept beside the screenshots.
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await keepFailure(task.name);
});
