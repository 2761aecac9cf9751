// Tasks built by the SDK, on a cluster whose supervisor runs them in containers.
import { fileURLToPath } from "node:url";
import { Health } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { configure, runs, tasks } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipNote, tryTiers } from "../../services/supervisor/src/testing/sandboxes.ts";
import { checkSettled, runWindlass, startCluster, type TestCluster, waitUntilClean } from "../kit/index.ts";

const tiers = (await tryTiers()).filter(({ tier }) => tier !== "process");

for (const { tier, whyNot } of tiers) {
  describe.skipIf(whyNot !== undefined)(`on ${tier}${skipNote(whyNot)}`, () => {
    let cluster: TestCluster;

    beforeAll(async () => {
      cluster = await startCluster({ env: { WINDLASS_DRIVER: tier, WINDLASS_REQUIRE_TIER: tier } });
      configure({ url: cluster.url, apiKey: cluster.apiKey });
      await cluster.deploy(fileURLToPath(new URL("sandbox-tasks", import.meta.url)));
    });
    afterAll(() => cluster.end());

    test("a task runs as nobody, sees nothing of the machine, and its timeline, doctor and health say how it is confined", async () => {
      const run = await tasks.trigger("looks-around", {});
      expect(await runs.poll(run)).toMatchObject({
        status: "COMPLETED",
        output: { canReadShadow: false, processes: 2 },
      });
      const events = await Array.fromAsync(runs.subscribeToEvents(run));
      expect(events).toContainEqual(expect.objectContaining({ type: "attempt-started", sandboxTier: tier }));
      const { stdout } = await runWindlass(["doctor"], cluster);
      expect(stdout).toMatch(/sandbox +tasks run in containers/u);
      const channel = createChannel(cluster.member("supervisor").address);
      const health = createClient(Health, channel);
      expect(await health.check({ service: `windlass.sandbox.${tier}` })).toMatchObject({ status: 1 });
      await expect(health.check({ service: "windlass.sandbox.process" })).rejects.toThrow("windlass.sandbox.process");
      channel.close();
    });

    test("a wait freezes its container, and goes on with its memory; what loops and what needs too much memory is ended", async () => {
      const [waiting, looping, greedy] = await Promise.all([
        tasks.trigger("waits-frozen", {}),
        tasks.trigger("loops-for-ever", {}),
        tasks.trigger("needs-memory", {}),
      ]);
      expect(await runs.poll(waiting)).toMatchObject({ status: "COMPLETED", attemptCount: 1, output: { number: 42 } });
      expect(await runs.poll(looping)).toMatchObject({ status: "TIMED_OUT" });
      expect(await runs.poll(greedy)).toMatchObject({ status: "CRASHED", error: { code: "OUT_OF_MEMORY" } });
      await waitUntilClean("the cluster has settled", () => checkSettled(cluster.database));
    });
  });
}
