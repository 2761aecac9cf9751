import { expect, test } from "vitest";
import { boundedReadings, type QueueReading } from "./metrics.ts";

function readings(count: number): QueueReading[] {
  return Array.from({ length: count }, (_, index) => ({
    environmentId: "env",
    queue: `q${index}`,
    depth: index,
    running: 1,
    oldestAgeS: 1_000 - index,
  }));
}

test("few queues are all read by name", () => {
  expect(boundedReadings(readings(100))).toHaveLength(100);
});

test("of many queues the 100 with most runs are read by name, and the others together", () => {
  const bounded = boundedReadings(readings(103));
  expect(bounded).toHaveLength(101);
  expect(bounded[0]?.queue).toBe("q102");
  expect(bounded.at(-1)).toEqual({ environmentId: "", queue: "", depth: 3, running: 3, oldestAgeS: 1_000 });
});
