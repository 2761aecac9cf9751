import { AttemptOutcome } from "@windlass/proto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createScene, slots } from "./testing/executor-scene.ts";

const commands = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constant("lease" as const), version: fc.nat(2), fresh: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ does: fc.constant("hello" as const), nth: fc.nat(9) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant("finish" as const), nth: fc.nat(9) }) },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constantFrom("discard" as const, "crash" as const), nth: fc.nat(9) }),
    },
    { weight: 2, arbitrary: fc.record({ does: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  ),
  { minLength: 1, maxLength: 40 },
);

it("a lease is executed by the worker that was started for it, and the next by the same one", async () => {
  const scene = createScene();
  for (const does of ["lease", "hello", "finish", "lease", "finish"] as const) {
    await scene.act(does === "lease" ? { does, version: 1, fresh: false } : { does, nth: 0 });
  }
  expect([...scene.ended.values()].map(({ outcome }) => outcome)).toEqual([
    AttemptOutcome.SUCCEEDED,
    AttemptOutcome.SUCCEEDED,
  ]);
  await scene.close();
});

it("whatever comes, ends and dies: no worker is idle while a lease of its kind waits and a slot is free, and every lease ends", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const scene = createScene();
      try {
        for (const step of steps) {
          await scene.act(step);
          expect(scene.idlers()).toEqual([]);
          expect(scene.busyCount()).toBeLessThanOrEqual(slots);
        }
        for (let round = 0; round < 200 && scene.waiting.size > 0; round += 1) {
          await scene.act({ does: "hello", nth: 0 });
          await scene.act({ does: "finish", nth: 0 });
          await scene.act({ does: "pass", ms: 50 });
          expect(scene.idlers()).toEqual([]);
        }
        expect(scene.waiting.size).toBe(0);
      } finally {
        await scene.close();
      }
    }),
    { numRuns: 60 },
  );
});
