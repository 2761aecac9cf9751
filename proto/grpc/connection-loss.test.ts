import { afterEach, expect, test } from "vitest";
import { DeploymentService, ErrorReason } from "../index.ts";
import { startCuttableProxy } from "../test/cuttable-proxy.ts";
import { failureOf } from "../test/failure-of.ts";
import { startLoopbackServer } from "../test/loopback-server.ts";
import { createChannel, createClient } from "../grpc.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const unused = (): never => {
  throw new Error("This test does not call it.");
};

test("an upload that is cut in the middle never looks complete to its handler, and the channel comes back", async () => {
  const received = Promise.withResolvers<void>();
  let completed = 0;
  const server = await startLoopbackServer(DeploymentService, {
    async createDeployment(requests) {
      for await (const _ of requests) received.resolve();
      completed += 1;
      return {};
    },
    getCurrentDeployment: () => Promise.resolve({ deployment: { id: "dep_1" } }),
    listDeployments: unused,
    promoteDeployment: unused,
    rollbackDeployment: unused,
  });
  cleanups.push(() => server.stop());
  const proxy = await startCuttableProxy(server.address);
  cleanups.push(() => proxy.stop());
  const channel = createChannel(proxy.address);
  cleanups.push(() => channel.close());
  const client = createClient(DeploymentService, channel);

  const never = new Promise<never>(() => {});
  const upload = async function* () {
    yield { part: { case: "chunk" as const, value: new Uint8Array(100_000) } };
    await never;
  };
  const uploading = failureOf(client.createDeployment(upload()));
  await received.promise;
  proxy.cut();
  expect((await uploading).reason).toBe(ErrorReason.NOT_READY);
  await server.runningCalls.whenIdle();
  expect(completed).toBe(0);
  expect(server.ends[0]?.failure?.reason).toBe(ErrorReason.CALL_ENDED);
  expect(server.defects).toEqual([]);

  await channel.waitForReady(AbortSignal.timeout(10_000));
  expect((await client.getCurrentDeployment({})).deployment?.id).toBe("dep_1");
});
