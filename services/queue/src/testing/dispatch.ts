import { create } from "@bufbuild/protobuf";
import { createFakeClock, type Telemetry } from "@windlass/chassis";
import {
  type ClaimResult,
  ClaimResultSchema,
  type ClaimRunsResponse,
  ClaimRunsResponseSchema,
  type ErrorReason,
} from "@windlass/proto";
import { CallFailure, callErrorFromFailure, reasonName, status } from "@windlass/proto/grpc";
import { CreditTurns } from "../credit-turns.ts";
import { type ClaimInit, DispatchLoop, type DispatchOptions } from "../dispatch-loop.ts";
import type { LeaseSession } from "../lease-session.ts";
import { offerOf } from "../machines.ts";
import { createQueueMetrics } from "../metrics.ts";
import { ReadyQueues } from "../ready-queues.ts";
import { Supervisors } from "../supervisors.ts";
import type { ReadyRun } from "../waiting-line.ts";
import { untraced } from "./parts.ts";

/** A claim message on its way, to be answered by the test. */
interface SentClaim {
  readonly claims: readonly ClaimInit[];
  readonly runIds: readonly string[];
  /** One result for each claim; where the function gives none a lease, for this machine. */
  answer(resultOf?: (claim: ClaimInit) => ErrorReason | undefined, machine?: string): void;
  /** As above, but leaves the last claim without a result. */
  answerAllButLast(): void;
  answerWhole(reason: ErrorReason): void;
  fail(failure: CallFailure): void;
}

/** A refusal. */
export function failureOf(reason: ErrorReason): CallFailure {
  return new CallFailure({ code: status.FAILED_PRECONDITION, reason, message: reasonName(reason) });
}

function resultFor(claim: ClaimInit, reason: ErrorReason | undefined, machine = ""): ClaimResult {
  const { environmentId, runId, traceparent } = claim;
  const result =
    reason === undefined
      ? {
          case: "lease" as const,
          value: { ref: { environmentId, runId, leaseToken: `token of ${runId}` }, traceparent, machine },
        }
      : { case: "error" as const, value: callErrorFromFailure(failureOf(reason)) };
  return create(ClaimResultSchema, { result });
}

/** A run of one queue, for any supervisor. */
export function readyRun(runId: string, queueTimeUs: number): ReadyRun {
  const names = { environmentId: "env", queue: "q", concurrencyKey: "" };
  return { ...names, runId, queueTimeUs, traceparent: "", supervisorId: "", machine: "" };
}

/** Of that queue: none. */
export const noLimits = {
  environmentId: "env",
  queue: "q",
  concurrencyLimit: undefined,
  isPaused: false,
  rateLimit: undefined,
} as const;

/** For a loop that asks for nothing in advance. */
export const nothingNext: DispatchOptions["next"] = {
  note: () => undefined,
  review: () => undefined,
  yieldTo: () => undefined,
  recall: () => undefined,
  close: () => Promise.resolve(),
};

/** A dispatch loop of one shard, whose claims the test answers. */
export function setUpDispatch(telemetry: Telemetry = untraced) {
  const clock = createFakeClock();
  const ready = new ReadyQueues(() => clock.monotonicMs());
  ready.leasedComplete(0);
  const supervisors = new Supervisors();
  const turns = new CreditTurns(supervisors);
  const sent: SentClaim[] = [];
  const failures: CallFailure[] = [];
  let lastQueueTimeUs = 0;
  const loop = new DispatchLoop({
    ready,
    supervisors,
    turns,
    next: nothingNext,
    claimRuns: (claims) => {
      const { promise, resolve, reject } = Promise.withResolvers<ClaimRunsResponse>();
      sent.push({
        claims,
        runIds: claims.map(({ runId }) => runId),
        answer: (reasonOf = () => undefined, machine) => {
          const results = claims.map((claim) => resultFor(claim, reasonOf(claim), machine));
          resolve(create(ClaimRunsResponseSchema, { results }));
        },
        answerAllButLast: () => {
          const results = claims.slice(0, -1).map((claim) => resultFor(claim, undefined));
          resolve(create(ClaimRunsResponseSchema, { results }));
        },
        answerWhole: (reason) =>
          resolve(create(ClaimRunsResponseSchema, { error: callErrorFromFailure(failureOf(reason)) })),
        fail: reject,
      });
      return promise;
    },
    onFailure: (failure) => failures.push(failure),
    clock,
    telemetry,
    metrics: createQueueMetrics(untraced, { queues: () => [], shardCount: () => 0 }),
  });
  return {
    ready,
    supervisors,
    turns,
    clock,
    loop,
    sent,
    failures,
    connect: (supervisorId: string, credits: number, machines: readonly string[] = []) => {
      const session = supervisors.open(supervisorId, offerOf(machines));
      supervisors.grant(session, credits);
      return { session, leases: readLeases(session) };
    },
    tell: (...runIds: string[]) => {
      for (const runId of runIds) {
        lastQueueTimeUs += 1;
        ready.push(readyRun(runId, lastQueueTimeUs));
      }
      loop.wake();
    },
    tellBound: (supervisorId: string, ...runIds: string[]) => {
      for (const runId of runIds) {
        lastQueueTimeUs += 1;
        ready.push({ ...readyRun(runId, lastQueueTimeUs), supervisorId });
      }
      loop.wake();
    },
  };
}

/** Reads a session's stream like a supervisor that keeps up. */
function readLeases(session: LeaseSession): { runIds: string[]; ended: Promise<unknown> } {
  const runIds: string[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const { leases } of session) runIds.push(...leases.map((lease) => lease.ref?.runId ?? ""));
      return "ended";
    } catch (error) {
      return error;
    }
  };
  return { runIds, ended: read() };
}

/** Lets everything happen that is not waiting for the test. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
}

/** "run00000" and so on. */
export function names(count: number, prefix = "run"): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, "0")}`);
}

/** Telemetry whose spans are all numbered a1, in one trace, and which remembers those that ended. */
export function recordSpans(): { telemetry: Telemetry; ended: string[] } {
  const ended: string[] = [];
  const spanContext = () => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "00000000000000a1",
    traceFlags: 1,
  });
  const startSpan = (name: string, options: { attributes: Record<string, string> }) => ({
    spanContext,
    end: () => ended.push(`${name} of ${options.attributes["windlass.run_id"]}`),
  });
  const tracer = { startSpan } as unknown as Telemetry["tracer"];
  return { telemetry: { ...untraced, enabled: true, tracer }, ended };
}
