import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { type CallOptions, CallFailure } from "@windlass/proto/grpc";
import { expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { createFakeClock } from "../clock/fake-clock.ts";
import { callWithRetry, defaultRetryPolicy } from "./retry.ts";

function failure(code: status, retryAfterMs?: number): CallFailure {
  return new CallFailure({ code, reason: ErrorReason.NOT_READY, message: status[code], retryAfterMs });
}

/** A call that fails with these one after another and then succeeds; time passes only by waiting between tries. */
async function run(failures: CallFailure[]) {
  const clock = createFakeClock();
  const tries: { atMs: number; timeoutMs: number | undefined }[] = [];
  const call = (callOptions: CallOptions): Promise<string> => {
    tries.push({ atMs: clock.monotonicMs(), timeoutMs: callOptions.timeoutMs });
    const next = failures[tries.length - 1];
    return next === undefined ? Promise.resolve("answer") : Promise.reject(next);
  };
  const result = callWithRetry(call, { timeoutMs: 10_000 }, { policy: defaultRetryPolicy, clock, random: () => 0.5 });
  const outcome = result.catch((error: unknown) => error);
  await clock.advance(20_000);
  return { outcome: await outcome, tries, pendingTimers: clock.pendingTimers };
}

test("UNAVAILABLE is repeated, later each time, within the one deadline", async () => {
  const { outcome, tries } = await run([1, 2, 3].map(() => failure(status.UNAVAILABLE)));
  expect(outcome).toBe("answer");
  expect(tries.map(({ atMs }) => atMs)).toEqual([0, 25, 75, 175]);
  expect(tries.map(({ timeoutMs }) => timeoutMs)).toEqual([10_000, 9_975, 9_925, 9_825]);
});

test("four times at most; the last failure is the answer", async () => {
  const failures = [1, 2, 3, 4, 5].map(() => failure(status.UNAVAILABLE));
  const { outcome, tries } = await run(failures);
  expect(outcome).toBe(failures[3]);
  expect(tries).toHaveLength(4);
});

test.each([status.INTERNAL, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.CANCELLED, status.ABORTED])(
  "code %i is not repeated",
  async (code) => {
    const { tries } = await run([failure(code)]);
    expect(tries).toHaveLength(1);
  },
);

test("what the server asks to wait is waited", async () => {
  const { tries } = await run([failure(status.UNAVAILABLE, 700)]);
  expect(tries.map(({ atMs }) => atMs)).toEqual([0, 700]);
});

test("no try begins after the deadline", async () => {
  const late = failure(status.UNAVAILABLE, 11_000);
  const { outcome, tries } = await run([late]);
  expect(outcome).toBe(late);
  expect(tries).toHaveLength(1);
});

test("a caller that aborts between tries ends them at once", async () => {
  const controller = new AbortController();
  const clock = createFakeClock();
  const call = ({ signal }: CallOptions): Promise<never> =>
    Promise.reject(failure(signal?.aborted === true ? status.CANCELLED : status.UNAVAILABLE));
  const options = { timeoutMs: 10_000, signal: controller.signal };
  const ending = failureOf(callWithRetry(call, options, { policy: defaultRetryPolicy, clock, random: () => 0.5 }));
  await clock.timersPending(1);
  controller.abort();
  expect(await ending).toMatchObject({ code: status.CANCELLED });
  expect(clock.pendingTimers).toBe(0);
});
