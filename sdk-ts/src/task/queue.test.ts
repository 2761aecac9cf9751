import { describe, expect, it } from "vitest";
import { queue, task } from "../index.ts";
import { taskRegistry } from "./task-registry.ts";

const run = async (): Promise<void> => {};

describe("a task's queue", () => {
  it("is its own unless it names one", () => {
    task({ id: "own", run });
    expect(taskRegistry.get("own")?.queue).toEqual({ name: "" });
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

  it("has its limits, with the period of a rate in any form", () => {
    const rateLimit = { limit: 10, period: "1m", perKey: true };
    task({ id: "limited", queue: { concurrencyLimit: 5, rateLimit, maxLength: 1_000 }, run });
    expect(taskRegistry.get("limited")?.queue).toEqual({
      name: "",
      concurrencyLimit: 5,
      rateLimit: { limit: 10, periodMs: 60_000, isPerKey: true },
      maxLength: 1_000,
    });
    task({ id: "rated", queue: queue({ name: "rated", rateLimit: { limit: 1, period: 1.5 } }), run });
    expect(taskRegistry.get("rated")?.queue.rateLimit).toEqual({ limit: 1, periodMs: 1_500, isPerKey: false });
  });

  it.each([
    { what: "a name alone", option: "emails", problem: "queue() takes an object with a name" },
    { what: "no name", option: { concurrencyLimit: 1 }, problem: "queue() takes an object with a name" },
    { what: "an empty name", option: { name: "" }, problem: "queue.name of queue() must be 1 to 128 characters" },
    { what: "a strange name", option: { name: "a b" }, problem: 'got "a b"' },
    { what: "no runs at all", option: { name: "q", concurrencyLimit: 0 }, problem: "a whole number from 1 to 100,000" },
    { what: "half a run", option: { name: "q", concurrencyLimit: 1.5 }, problem: "got 1.5" },
    { what: "fewer than no runs", option: { name: "q", concurrencyLimit: -1 }, problem: "queue.concurrencyLimit" },
    { what: "no length at all", option: { name: "q", maxLength: 0 }, problem: "queue.maxLength of queue() must be" },
    { what: "a rate that is a number", option: { name: "q", rateLimit: 5 }, problem: "queue.rateLimit of queue()" },
    { what: "a rate without a limit", option: { name: "q", rateLimit: { period: "1m" } }, problem: "has no limit" },
    { what: "a rate of none", option: rate({ limit: 0, period: "1m" }), problem: "queue.rateLimit.limit of queue()" },
    { what: "a rate without a period", option: rate({ limit: 1 }), problem: "queue.rateLimit.period of queue()" },
    { what: "a short period", option: rate({ limit: 1, period: 0.5 }), problem: "from 1 s to 24 h, got 0.5" },
    { what: "a long period", option: rate({ limit: 1, period: "2d" }), problem: 'got "2d"' },
    { what: "a negative period", option: rate({ limit: 1, period: "-1m" }), problem: 'got "-1m"' },
    { what: "a strange perKey", option: rate({ limit: 1, period: "1m", perKey: "yes" }), problem: "rateLimit.perKey" },
    { what: "an unknown part of a rate", option: rate({ limit: 1, per: "1m" }), problem: '"per" is not an option' },
    { what: "an unknown option", option: { name: "q", rate: 1 }, problem: '"rate" is not an option of the queue' },
  ])("refuses $what", ({ option, problem }) => {
    expect(() => queue(option as never)).toThrow(problem);
  });
});

function rate(rateLimit: object): object {
  return { name: "q", rateLimit };
}
