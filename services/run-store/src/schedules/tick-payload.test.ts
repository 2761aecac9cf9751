import { parse } from "superjson";
import { expect, it } from "vitest";
import { encodeTick } from "./tick-payload.ts";

const decode = (bytes: Uint8Array): unknown => parse(Buffer.from(bytes).toString());

it("a tick's moments are Dates for the task", () => {
  const tick = {
    scheduleId: "sched_1",
    type: "IMPERATIVE",
    timestampMs: 60_000,
    lastTimestampMs: 0,
    timezone: "Europe/Berlin",
    externalId: "user_1",
    upcomingMs: [120_000, 180_000],
  } as const;
  expect(decode(encodeTick(tick))).toEqual({
    scheduleId: "sched_1",
    type: "IMPERATIVE",
    timestamp: new Date(60_000),
    lastTimestamp: new Date(0),
    timezone: "Europe/Berlin",
    externalId: "user_1",
    upcoming: [new Date(120_000), new Date(180_000)],
  });
  expect(decode(encodeTick({ ...tick, lastTimestampMs: null, externalId: "", upcomingMs: [] }))).toEqual({
    scheduleId: "sched_1",
    type: "IMPERATIVE",
    timestamp: new Date(60_000),
    timezone: "Europe/Berlin",
    upcoming: [],
  });
});
