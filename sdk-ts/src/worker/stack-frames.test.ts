import { expect, it } from "vitest";
import { userFrames } from "./stack-frames.ts";

const runtime = new URL("stack-frames.ts", import.meta.url).href;
const folder = new URL(".", import.meta.url).href;

it("leaves out the runtime's own frames, and what they call natively", () => {
  const stack = [
    "Error: boom",
    `    at deep (${folder}tasks/a.ts:3:1)`,
    "    at new Promise (<anonymous>)",
    `    at run (${folder}tasks/a.ts:2:1)`,
    `    at settled (${runtime}:1:200)`,
    "    at new Promise (<anonymous>)",
    `    at ${runtime}:1:100`,
    "    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
  ].join("\n");
  expect(userFrames(stack, 10_000).split("\n")).toEqual([
    "    at deep (tasks/a.ts:3:1)",
    "    at new Promise (<anonymous>)",
    "    at run (tasks/a.ts:2:1)",
    "    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
  ]);
});

it("finds the frames after a message of several lines", () => {
  expect(userFrames("Error: one\ntwo\n    at f (a.ts:1:1)", 1_000)).toBe("    at f (a.ts:1:1)");
});

it("gives nothing for a stack without frames", () => {
  expect(userFrames("Error: one", 1_000)).toBe("");
});
