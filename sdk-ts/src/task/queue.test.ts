import { describe, expect, it } from "vitest";
import { queue, task } from "../index.ts";
import { taskRegistry } from "./task-registry.ts";

const run = async (): Promise<void> => {};

describe("a task's queue", () => {
  it("is its own unless it names one", () => {
    task({ id: "own", run });
    expect(taskRegistry.get("own")?.queue).toEqual({ name: "", concurrencyLimit: undefined });
  });

  it("without a name has the limit of the task's own", () => {
    task({ id: "one-at-a-time", queue: { concurrencyLimit: 1 }, run });
    expect(taskRegistry.get("one-at-a-time")?.queue).toEqual({ name: "", concurrencyLimit: 1 });
  });

  it("can be shared", () => {
    const emails = queue({ name: "emails", concurrencyLimit: 5 });
    task({ id: "shared", queue: emails, run });
    expect(taskRegistry.get("shared")?.queue).toEqual({ name: "emails", concurrencyLimit: 5 });
  });

  it.each([
    { what: "a name alone", option: "emails", problem: "queue() takes an object with a name" },
    { what: "no name", option: { concurrencyLimit: 1 }, problem: "queue() takes an object with a name" },
    { what: "an empty name", option: { name: "" }, problem: "queue.name of queue() must be 1 to 128 characters" },
    { what: "a strange name", option: { name: "a b" }, problem: 'got "a b"' },
    { what: "no runs at all", option: { name: "q", concurrencyLimit: 0 }, problem: "a whole number from 1 to 100,000" },
    { what: "half a run", option: { name: "q", concurrencyLimit: 1.5 }, problem: "got 1.5" },
    { what: "an unknown option", option: { name: "q", rate: 1 }, problem: '"rate" is not an option of the queue' },
  ])("refuses $what", ({ option, problem }) => {
    expect(() => queue(option as never)).toThrow(problem);
  });
});
