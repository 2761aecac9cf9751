import { createLogger, startTelemetry, type Telemetry } from "@windlass/chassis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type OtlpReceiver, startOtlpReceiver } from "../../../test/kit/otlp-receiver.ts";
import { type HotStore, startHotStore } from "./testing/hot-store.ts";
import { failed } from "./testing/reports.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";

let receiver: OtlpReceiver;
let telemetry: Telemetry;
let store: HotStore;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const logger = createLogger({ service: "run-store", level: "error" });
  telemetry = startTelemetry({ service: "run-store", endpoint: receiver.endpoint, logger });
  await telemetry.start();
  store = await startHotStore({ telemetry });
});
afterAll(async () => {
  await store.stop();
  await telemetry.stop();
  await receiver.stop();
});

it("trigger and end of a traced run are spans of its trace, and everything hangs under the trigger", async () => {
  const runId = await store.trigger({ traceparent: `00-${TRACE}-${CALLER}-01` });
  const lease = await store.claim(runId);
  await store.finish(lease);
  const spans = await receiver.waitForSpans("both spans", (all) => all.length >= 2);
  const [trigger, finish] = ["run-store trigger", "run-store finish"].map((name) =>
    spans.find((span) => span.name === name),
  );
  expect(trigger).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, isError: false });
  expect(trigger?.attributes).toEqual({ "windlass.run.id": runId, "windlass.task.id": "hello" });
  expect(finish).toMatchObject({ traceId: TRACE, parentSpanId: trigger?.spanId });
  expect(finish?.attributes).toMatchObject({ "windlass.run.status": "COMPLETED", "windlass.attempt": 1 });
  const traceparent = `00-${TRACE}-${trigger?.spanId}-01`;
  expect((await store.run(runId)).traceparent).toBe(traceparent);
  expect(lease).toMatchObject({ traceparent, run: { traceparent } });
});

it("a run whose caller does not trace is not traced", async () => {
  const before = receiver.spans.length;
  const lease = await store.claim(await store.trigger());
  await store.finish(lease, failed());
  expect(lease.traceparent).toBe("");
  await store.trigger({ traceparent: `00-${TRACE}-${CALLER}-01` });
  const spans = await receiver.waitForSpans("the span of the other run", (all) => all.length > before);
  expect(spans.slice(before).map((span) => span.name)).toEqual(["run-store trigger"]);
});
