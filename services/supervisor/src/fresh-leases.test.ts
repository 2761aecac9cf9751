import { expect, it } from "vitest";
import { createScene, slots } from "./testing/executor-scene.ts";

it("attempts that use up their process count with the start of the next: no more of them are held ready than can be executed soon", async () => {
  const scene = createScene();
  const execute = async (fresh: boolean, startMs: number) => {
    await scene.act({ does: "lease", version: 1, fresh });
    if (startMs > 0) await scene.act({ does: "pass", ms: startMs });
    await scene.act({ does: "hello", nth: 0 });
    await scene.act({ does: "finish", nth: 0 });
  };
  for (let nth = 0; nth < 12; nth += 1) await execute(false, 0);
  expect(scene.wantedLeases()).toBeGreaterThan(20 * slots);
  for (let nth = 0; nth < 12; nth += 1) await execute(true, 300);
  expect(scene.wantedLeases()).toBe(slots);
  await scene.close();
});
