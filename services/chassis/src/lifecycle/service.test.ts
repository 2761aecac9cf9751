import { expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { collectLogs } from "../../test/collected-logs.ts";
import type { Component } from "./component.ts";
import { createService } from "./service.ts";

function setUp(...faults: Partial<Component>[]) {
  const calls: string[] = [];
  const components = ["store", "queue", "door"].map((name, index): Component => {
    const note = (verb: string) => {
      calls.push(`${verb} ${name}`);
      return Promise.resolve();
    };
    const component = { name, start: () => note("start"), drain: () => note("drain"), stop: () => note("stop") };
    return { ...component, ...faults[index] };
  });
  const logs = collectLogs();
  const service = createService("test", components, { logger: logs.logger, drainTimeoutMs: 1_000 });
  return { calls, service, logs };
}

test("components start in order; drain and stop go in reverse, once", async () => {
  const { calls, service } = setUp();
  await Promise.all([service.start(), service.start()]);
  await service.drain(AbortSignal.timeout(1_000));
  await Promise.all([service.stop(), service.stop()]);
  await service.stop();
  const order =
    "start store, start queue, start door, drain door, drain queue, drain store, stop door, stop queue, stop store";
  expect(calls.join(", ")).toBe(order);
});

test("stop before start is fine, and the service does not start afterwards", async () => {
  const { calls, service } = setUp();
  await service.stop();
  await expect(service.start()).rejects.toThrow("has been stopped");
  expect(calls).toEqual([]);
});

test("when one fails to start, it and those before it are stopped and its error is thrown", async () => {
  const { calls, service } = setUp({}, { start: () => Promise.reject(new Error("no NATS")) });
  await expect(service.start()).rejects.toThrow("no NATS");
  expect(calls).toEqual(["start store", "stop queue", "stop store"]);
});

test("stop while starting stops what has begun and starts nothing more", async () => {
  const interrupted = new Error("interrupted");
  const hanging = Promise.withResolvers<void>();
  const { calls, service } = setUp(
    {},
    {
      start: () => hanging.promise,
      stop: () => {
        hanging.reject(interrupted);
        return Promise.resolve();
      },
    },
  );
  const started = failureOf(service.start());
  await Promise.resolve();
  await service.stop();
  expect(await started).toBe(interrupted);
  expect(calls).toEqual(["start store", "stop store"]);
});

test("one that fails to drain or stop is logged, the others still do, and stop throws", async () => {
  const fault = { drain: () => Promise.reject(new Error("stuck")), stop: () => Promise.reject(new Error("jammed")) };
  const { calls, service, logs } = setUp({}, fault);
  await service.start();
  await service.drain(AbortSignal.timeout(1_000));
  await expect(service.stop()).rejects.toThrow("1 components did not stop cleanly");
  expect(calls.slice(3)).toEqual(["drain door", "drain store", "stop door", "stop store"]);
  expect(logs.lines).toMatchObject([
    { level: "warn", msg: "drain failed", component: "queue" },
    { level: "error", msg: "stop failed", component: "queue", error: { message: "jammed" } },
  ]);
});
