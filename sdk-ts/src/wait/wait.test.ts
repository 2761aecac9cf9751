import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { wait } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import { waitForDate, type WaitForOptions } from "./wait-date.ts";

const NOW = Date.UTC(2026, 0, 31, 12);

describe("wait.for and wait.until", () => {
  let attempt: TestAttempt;
  beforeEach(() => (attempt = TestAttempt.begin()));
  afterEach(() => TestAttempt.end());

  it("suspend the run until the moment has come, when that is more than 5 s away", async () => {
    const date = new Date(Date.now() + 6_000);
    let isOver = false;
    const waiting = wait.until({ date }).then(() => (isOver = true));
    await vi.waitFor(() => expect(attempt.waits).toEqual([{ type: "duration", date }]));
    expect(isOver).toBe(false);
    attempt.resume();
    await waiting;

    const longer = wait.for({ days: 1 });
    await vi.waitFor(() => expect(attempt.waits).toHaveLength(2));
    attempt.resume();
    await longer;
  });

  it("of 5 s or less stay in the process", async () => {
    await wait.for({ seconds: 0.02 });
    await wait.until({ date: new Date(Date.now() + 5) });
    await wait.until({ date: new Date(0) });
    expect(attempt.waits).toEqual([]);
  });

  it("in the process end with the signal's reason when the run is canceled", async () => {
    const reason = new Error("canceled");
    const waiting = wait.for({ seconds: 4 });
    attempt.cancel(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(wait.for({ seconds: 4 })).rejects.toBe(reason);
  });

  it("do not wait for the past, and say so when asked to", async () => {
    const date = new Date(0);
    await expect(wait.until({ date, throwIfInThePast: true })).rejects.toThrow("1970-01-01T00:00:00.000Z has passed");
  });

  it("refuse two waits at once, and one after the other is fine", async () => {
    const first = wait.for({ seconds: 0.05 });
    await expect(wait.until({ date: new Date() })).rejects.toThrow(
      "wait.until was called while wait.for of the same run is under way",
    );
    await first;
    await wait.for({ seconds: 0 });
  });

  it("refuse what is no date, and options they do not have", async () => {
    await expect(wait.until({ date: new Date(Number.NaN) })).rejects.toThrow("a valid Date");
    await expect(wait.until({ date: new Date(), timezone: "UTC" } as never)).rejects.toThrow("options.timezone");
  });
});

it("outside of a run a wait says so", async () => {
  await expect(wait.for({ seconds: 1 })).rejects.toThrow("wait.for works only inside of a run");
  await expect(wait.forToken("token_1")).rejects.toThrow("wait.forToken works only inside of a run");
});

describe("wait.for counts", () => {
  it.each<[WaitForOptions, string]>([
    [{ seconds: 1.5 }, "2026-01-31T12:00:01.500Z"],
    [{ minutes: 1 }, "2026-01-31T12:01:00.000Z"],
    [{ hours: 1 }, "2026-01-31T13:00:00.000Z"],
    [{ days: 1 }, "2026-02-01T12:00:00.000Z"],
    [{ weeks: 1 }, "2026-02-07T12:00:00.000Z"],
    [{ months: 1 }, "2026-02-28T12:00:00.000Z"],
    [{ months: 25 }, "2028-02-29T12:00:00.000Z"],
    [{ years: 1 }, "2027-01-31T12:00:00.000Z"],
  ])("%j", (options, date) => expect(waitForDate(options, NOW).toISOString()).toBe(date));

  it.each([
    {},
    undefined,
    { seconds: -1 },
    { seconds: Number.NaN },
    { seconds: "1" },
    { second: 1 },
    { minutes: 1, seconds: 1 },
    { months: 0.5 },
    { years: 1e9 },
  ])("and refuses %j", (options) => {
    expect(() => waitForDate(options as WaitForOptions, NOW)).toThrow(TypeError);
  });
});
