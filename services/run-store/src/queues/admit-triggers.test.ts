import { ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { afterAll, beforeEach, expect, it } from "vitest";
import { queueSettingsToProto } from "../conversions/queue-settings.ts";
import { type HotStore, ENVIRONMENT_ID, newTrigger, runIdOf, startHotStore } from "../testing/hot-store.ts";

const MAX = 10;
let store: HotStore;
let round = 0;
beforeEach(async () => {
  store ??= await startHotStore();
  round += 1;
  await store.sql("TRUNCATE runs, run_contents, run_events, attempts");
  await store.sql(
    "INSERT INTO queues (environment_id, name, max_length) VALUES ($1, 'task/hello', $2) ON CONFLICT DO NOTHING",
    [ENVIRONMENT_ID, MAX],
  );
  // As OverrideConcurrencyLimit and a deployment say it.
  const settings = {
    concurrency_limit: null,
    is_paused: false,
    rate_limit: null,
    rate_period_ms: null,
    rate_is_per_key: null,
  };
  store.parts.queueNews.settings([
    queueSettingsToProto({ environment_id: ENVIRONMENT_ID, name: "task/hello", ...settings }),
  ]);
});
afterAll(() => store.stop());

const requests = (count: number, prefix = "r") =>
  Array.from({ length: count }, (_, index) => newTrigger(`${prefix}-${round}-${index}`, {}));
const trigger = (triggers: ReturnType<typeof requests>) => store.parts.trigger.trigger(ENVIRONMENT_ID, triggers);

it("a queue at its maximum length refuses triggers with QUEUE_FULL and says when to try again; those before are stored", async () => {
  const results = await trigger(requests(MAX + 5));
  expect(results.slice(0, MAX).every((result) => !(result instanceof CallFailure))).toBe(true);
  expect(results.slice(MAX)).toMatchObject(
    Array.from({ length: 5 }, () => ({ reason: ErrorReason.QUEUE_FULL, retryAfterMs: 1_000 })),
  );
});

it("a run that begins makes room for one", async () => {
  const [first] = await trigger(requests(MAX));
  if (first === undefined || first instanceof CallFailure) throw new Error("not stored");
  await store.claim(first.runId);
  const results = await trigger(requests(2, "more"));
  expect(results.map((result) => result instanceof CallFailure)).toEqual([false, true]);
});

it("a repeated request is answered with its run however full the queue is", async () => {
  const before = await trigger(requests(MAX));
  const [again] = await trigger(requests(1));
  expect(again).toEqual({ runId: runIdOf(before[0]), isCached: true });
});

it("many triggers at once never make it longer than it may be", async () => {
  const results = await Promise.all(requests(5 * MAX).map((request) => trigger([request])));
  const stored = results.flat().filter((result) => !(result instanceof CallFailure));
  expect(stored).toHaveLength(MAX);
});

it("other queues are not concerned, nor runs that are delayed", async () => {
  await trigger(requests(MAX));
  const others = requests(3, "other").map((request) => ({ ...request, queue: "another" }));
  const startTimeUs = Date.now() * 1_000 + 3_600_000_000;
  const delayed = requests(3, "delayed").map((request) => ({
    ...request,
    options: { ...request.options, encoded: Buffer.from([0x28, 0x00]), startTimeUs },
  }));
  for (const result of await trigger([...others, ...delayed])) expect(result).not.toBeInstanceOf(CallFailure);
});
