import { randomUUID } from "node:crypto";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Logger, Timer } from "@windlass/chassis";
import {
  type CancelLease,
  ErrorReason,
  type ExecutionService,
  type LeaseRef,
  type ReportExecutionRequest,
  type ReportExecutionResponse,
  type SupervisorCapacity,
} from "@windlass/proto";
import { callFailureFromError, type Client, type CorrelatedStream, createCorrelatedStream } from "@windlass/proto/grpc";

/** Who hears what the run-store says to a supervisor. */
export interface MembershipEvents {
  /** The tokens of every lease that is held, those of unanswered reports included. */
  heldTokens(): string[];
  onCancels(cancels: readonly CancelLease[]): void;
  /** How many attempts execute and wait, and whether it takes more. */
  load(): { readonly executing: number; readonly suspended: number; readonly isDraining: boolean };
  /** The store has taken these back, because it did not know that we hold them. */
  onRevoked(refs: readonly LeaseRef[]): void;
  /** The supervisor is known to the store under its present id. */
  onRegistered(): void;
  /** No lease of the old id is valid any more, or will be when this returns; there is a new id, not yet registered. */
  onExpired(): void;
  /** The line to the store broke. Leases stay valid for a while. */
  onDisconnected(): void;
}

/** A supervisor's membership in the cluster: its id, its registration, its heartbeat, and the line over which it reports. */
export interface Membership {
  /** Opaque; a new one after every expiry. */
  readonly supervisorId: string;
  readonly isRegistered: boolean;
  /** `replaces`: the supervisor that lived here before and is gone, if the store has yet to hear of that. */
  start(replaces?: string): void;
  /**
   * Asks the store; a question without answer is asked again after a break, until the membership expires: then it rejects
   * with CALL_ENDED.
   */
  ask(body: ReportExecutionRequest["body"]): Promise<ReportExecutionResponse>;
  /** The store says that this id has expired, or somebody who should know suspects it. */
  expire(why: string): void;
  /** A heartbeat now instead of at its time. */
  beat(): void;
  /** Takes the supervisor's row away; tries for at most `limitMs`. Resolves with whether the store has said that it is done. */
  leave(limitMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Two reports, a heartbeat, and one of each more. */
const maxQuestions = 8;

/**
 * How long before the store lets a membership expire we take it to be over: time to kill what still runs, and the clocks'
 * difference in pace. The store counts from when a heartbeat came, we from when it was sent, so its expiry is later than ours.
 */
export function safetyMarginMs(ttlMs: number): number {
  return Math.min(5_000, ttlMs / 5);
}

export function createMembership(options: {
  client: Pick<Client<typeof ExecutionService>, "reportExecution">;
  hostname: string;
  /** Asked when it registers. */
  sandboxTier: () => string;
  /** What it can execute at once. */
  capacity: Pick<SupervisorCapacity, "workers" | "vcpu" | "memoryGb" | "machines">;
  release: string;
  ttlMs: number;
  heartbeatIntervalMs: number;
  /** Hears of every id before the store does. */
  note: (supervisorId: string) => void;
  events: MembershipEvents;
  clock: Clock;
  logger: Logger;
}): Membership {
  const { client, hostname, sandboxTier, capacity, release, ttlMs, heartbeatIntervalMs } = options;
  const { note, events, clock, logger } = options;
  let supervisorId = newSupervisorId();
  let stream: CorrelatedStream<ReportExecutionRequest, ReportExecutionResponse> | undefined;
  let isRegistered = false;
  let expiry: Timer | undefined;
  let nextBeat: Timer | undefined;
  /** The unanswered heartbeat. It says what was held when it was asked, so it must not be asked again after a break. */
  let beating: AbortController | undefined;
  let isStopped = false;
  let replacesSupervisorId = "";

  function join(): void {
    const id = supervisorId;
    const isPresent = () => id === supervisorId && !isStopped;
    let greetedMs = 0;
    note(id);
    stream = createCorrelatedStream<ReportExecutionRequest, ReportExecutionResponse>({
      open: (signal) => client.reportExecution({ signal }),
      onBreak: "resend",
      maxInFlight: maxQuestions,
      greet() {
        greetedMs = clock.monotonicMs();
        const ttl = durationFromMs(ttlMs);
        return question({
          case: "register",
          value: {
            $typeName: "windlass.internal.v1.RegisterSupervisor",
            supervisorId: id,
            hostname,
            ttl,
            sandboxTier: sandboxTier(),
            capacity: { $typeName: "windlass.v1.SupervisorCapacity", ...capacity },
            release,
            replacesSupervisorId,
          },
        });
      },
      onGreeted(answer) {
        if (answer.error !== undefined) {
          const failure = callFailureFromError(answer.error);
          if (failure.reason === ErrorReason.SUPERVISOR_EXPIRED && isPresent()) expire(failure.message);
          throw failure;
        }
        replacesSupervisorId = "";
        if (isPresent()) renew(greetedMs);
      },
      onPush(message) {
        if (isPresent()) events.onCancels(message.cancels);
      },
      onState(state, error) {
        if (!isPresent()) return;
        if (state === "connected") {
          logger.info("registered", { supervisorId: id });
          isRegistered = true;
          events.onRegistered();
          // Cancels may have been pushed while nobody listened.
          beat();
        } else {
          logger.warn("the line to the run-store broke", { supervisorId: id, error: error?.message });
          isRegistered = false;
          beating?.abort();
          events.onDisconnected();
        }
      },
    });
  }

  function renew(sinceMs: number): void {
    expiry?.cancel();
    const leftMs = sinceMs + ttlMs - safetyMarginMs(ttlMs) - clock.monotonicMs();
    expiry = clock.setTimeout(() => expire("no heartbeat was answered in time"), leftMs);
  }

  function expire(why: string): void {
    if (isStopped) return;
    logger.warn("membership expired: all leases are dropped", { supervisorId, why });
    const old = stream;
    supervisorId = newSupervisorId();
    isRegistered = false;
    expiry?.cancel();
    beating?.abort();
    events.onExpired();
    void old?.close();
    join();
  }

  function beat(): void {
    nextBeat?.cancel();
    nextBeat = clock.setTimeout(beat, heartbeatIntervalMs);
    if (stream?.isConnected !== true || beating !== undefined) return;
    const sentMs = clock.monotonicMs();
    const id = supervisorId;
    const controller = new AbortController();
    beating = controller;
    const value = {
      $typeName: "windlass.internal.v1.Heartbeat",
      leaseTokens: events.heldTokens(),
      ...events.load(),
    } as const;
    stream
      .ask(question({ case: "heartbeat", value }), controller.signal)
      .then(
        (answer) => {
          if (id === supervisorId && !isStopped) heard(answer, sentMs);
        },
        (error: unknown) => logger.debug("a heartbeat was not answered", { supervisorId: id, error }),
      )
      .finally(() => {
        if (beating === controller) beating = undefined;
      });
  }

  function heard(answer: ReportExecutionResponse, sentMs: number): void {
    if (answer.error === undefined) {
      renew(sentMs);
      if (answer.revoked.length > 0) events.onRevoked(answer.revoked);
      if (answer.cancels.length > 0) events.onCancels(answer.cancels);
    } else if (answer.error.reason === ErrorReason.SUPERVISOR_EXPIRED) {
      expire(answer.error.message);
    } else {
      logger.warn("a heartbeat was refused", { supervisorId, message: answer.error.message });
    }
  }

  return {
    get supervisorId() {
      return supervisorId;
    },
    get isRegistered() {
      return isRegistered;
    },
    start(replaces = "") {
      if (isStopped) return;
      replacesSupervisorId = replaces;
      join();
      nextBeat = clock.setTimeout(beat, heartbeatIntervalMs);
    },
    ask(body) {
      if (stream === undefined) return Promise.reject(new Error("The membership has not been started."));
      return stream.ask(question(body));
    },
    expire,
    beat,
    async leave(limitMs) {
      if (stream?.isConnected !== true) return false;
      const limit = new AbortController();
      const timer = clock.setTimeout(() => limit.abort(), limitMs);
      const unregister = question({
        case: "unregister",
        value: { $typeName: "windlass.internal.v1.UnregisterSupervisor" },
      });
      try {
        const { error } = await stream.ask(unregister, limit.signal);
        return error === undefined;
      } catch (error) {
        logger.warn("left without saying so: the store will notice when the lease expires", { supervisorId, error });
        return false;
      } finally {
        timer.cancel();
      }
    },
    async stop() {
      isStopped = true;
      expiry?.cancel();
      nextBeat?.cancel();
      beating?.abort();
      await stream?.close();
    },
  };
}

function newSupervisorId(): string {
  return `sup_${randomUUID().replaceAll("-", "")}`;
}

function question(body: ReportExecutionRequest["body"]): ReportExecutionRequest {
  return { $typeName: "windlass.internal.v1.ReportExecutionRequest", correlationId: 0n, body };
}
