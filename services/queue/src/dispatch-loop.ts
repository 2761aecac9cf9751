import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Clock, OpenSpan, Telemetry, Timer } from "@windlass/chassis";
import { type ClaimResult, type ClaimRunsResponse, ErrorReason, type Lease } from "@windlass/proto";
import { asCallFailure, CallFailure, callFailureFromError } from "@windlass/proto/grpc";
import type { CreditTaker, CreditTurns } from "./credit-turns.ts";
import type { LeaseSession } from "./lease-session.ts";
import type { WaitingRun } from "./lines.ts";
import { machineIndexOf, setOf } from "./machines.ts";
import type { QueueMetrics } from "./metrics.ts";
import { type NextClaims, startDispatchSpan } from "./next-claims.ts";
import type { ReadyQueues } from "./ready-queues.ts";
import type { Supervisors } from "./supervisors.ts";

/** The run-store takes no more in one message. */
const MAX_CLAIMS = 1_000;
/** While one message is in flight the next gathers; a third would only make both smaller. */
export const MAX_CLAIMS_IN_FLIGHT = 2;

/** One run for one supervisor. */
export interface ClaimInit {
  readonly environmentId: string;
  readonly runId: string;
  readonly supervisorId: string;
  readonly traceparent: string;
}

export interface DispatchOptions {
  readonly ready: ReadyQueues;
  readonly supervisors: Supervisors;
  /** Whose credits are shared with other shards. */
  readonly turns: CreditTurns;
  /** Claims at most 1,000 runs under the current epoch; called at most twice at a time. */
  readonly claimRuns: (claims: ClaimInit[]) => Promise<ClaimRunsResponse>;
  readonly next: Pick<NextClaims, "note" | "review" | "yieldTo" | "recall" | "close">;
  /** Told once, when nothing more can be claimed: the stream is broken, the epoch is stale, the run-store is not ready. */
  readonly onFailure: (failure: CallFailure) => void;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly metrics: QueueMetrics;
}

interface Dispatch {
  readonly run: WaitingRun;
  readonly session: LeaseSession;
  readonly span: OpenSpan;
}

/**
 * Matches waiting runs of a shard with credits, for as long as one epoch is owned. Whatever is there at one moment goes into one
 * message; what comes while two are in flight gathers and is the next. Leases are pushed in the order of the claims, so
 * those of one queue reach a supervisor first come, first served, even when the second message is answered first.
 *
 * It keeps nothing that matters: a run whose claim is not answered is either still QUEUED, and is in the next snapshot; or
 * leased to a supervisor that did not get it, whose next heartbeat has it queued again (I1).
 */
export class DispatchLoop implements CreditTaker {
  readonly #options: DispatchOptions;
  #inFlight = 0;
  #isClosed = false;
  /** Taken from the queues, and not yet sent. */
  #gathered: Dispatch[] = [];
  #planned: Timer | undefined;
  #plannedAtMs: number | undefined;
  /** Settles when the claims sent so far are. */
  #settled: Promise<void> = Promise.resolve();

  constructor(options: DispatchOptions) {
    this.#options = options;
    options.turns.join(this);
  }

  /** Looks for work soon. To be called when runs have come, or room for them. */
  wake(): void {
    this.#options.turns.wake();
  }

  /** What limits the shard has changed: what was claimed under the former limits, and is not there yet, is not claimed. */
  recallNext(): void {
    this.#options.next.recall();
  }

  /** Claims no more. Resolves when the claims in flight are answered and their leases pushed. */
  async close(): Promise<void> {
    this.#leave();
    await Promise.all([this.#settled, this.#options.next.close()]);
  }

  gatherBound(): void {
    const { ready, supervisors } = this.#options;
    for (const supervisorId of ready.boundSupervisorIds()) {
      while (this.#canGather) {
        const session = supervisors.chooseOnly(supervisorId);
        const run = session === undefined ? undefined : ready.nextBoundTo(supervisorId);
        if (session === undefined || run === undefined) break;
        this.#add(run, session);
      }
    }
  }

  gatherOne(): boolean {
    const { ready, supervisors } = this.#options;
    if (!this.#canGather) return false;
    const { machines } = supervisors;
    const run = machines === 0 ? undefined : ready.next(machines);
    // There is one: no run was asked for that nobody with a credit offers a machine for.
    const session = run === undefined ? undefined : supervisors.choose(run.machineIndex);
    if (session === undefined || run === undefined) return false;
    this.#add(run, session);
    return true;
  }

  send(): boolean {
    const batch = this.#gathered;
    this.#planWake();
    if (batch.length === 0) {
      if (!this.#isClosed) this.#options.next.review({ isQuiet: this.#inFlight === 0 });
      return false;
    }
    this.#gathered = [];
    this.#inFlight += 1;
    this.#settled = this.#claim(batch, this.#settled);
    return true;
  }

  needs({ supervisorId, machines }: LeaseSession): boolean {
    const { ready, supervisors } = this.#options;
    if (ready.size === 0) return false;
    if ((ready.machines & machines & ~supervisors.machines) !== 0) return true;
    return ready.hasBoundTo(supervisorId) && !supervisors.canTake(supervisorId);
  }

  yieldTo(isNeeded: (session: LeaseSession) => boolean): void {
    this.#options.next.yieldTo(isNeeded);
  }

  get #canGather(): boolean {
    return !this.#isClosed && this.#inFlight < MAX_CLAIMS_IN_FLIGHT && this.#gathered.length < MAX_CLAIMS;
  }

  #add(run: WaitingRun, session: LeaseSession): void {
    const { supervisors, telemetry } = this.#options;
    supervisors.beginClaim(session);
    this.#gathered.push({ run, session, span: startDispatchSpan(telemetry, spanOf(run, session)) });
  }

  /** A run that a rate limit holds back goes by itself when its moment has come: the only timer here. */
  #planWake(): void {
    const { ready, clock } = this.#options;
    const atMs = this.#isClosed ? undefined : ready.nextFreeAtMs;
    if (atMs === this.#plannedAtMs) return;
    this.#planned?.cancel();
    this.#plannedAtMs = atMs;
    this.#planned = undefined;
    if (atMs === undefined) return;
    this.#planned = clock.setTimeout(
      () => {
        this.#plannedAtMs = undefined;
        this.wake();
      },
      Math.ceil(atMs - clock.monotonicMs()),
    );
  }

  async #claim(batch: Dispatch[], before: Promise<void>): Promise<void> {
    const { claimRuns, clock, metrics } = this.#options;
    const startMs = clock.monotonicMs();
    const answer = await claimRuns(batch.map(claimOf)).then(
      (response) => (response.error === undefined ? response : callFailureFromError(response.error)),
      asCallFailure,
    );
    metrics.claimAnswered(clock.monotonicMs() - startMs);
    await before;
    const failure = answer instanceof CallFailure ? this.#giveUp(batch, answer) : this.#settle(batch, answer);
    this.#inFlight -= 1;
    if (failure === undefined) this.wake();
    else this.#fail(failure);
  }

  /** Nothing was claimed, or nobody knows. The runs are not put back: the next snapshot lists those that still wait. */
  #giveUp(batch: Dispatch[], failure: CallFailure): CallFailure {
    const { supervisors } = this.#options;
    for (const { session, span } of batch) {
      supervisors.settle(session, { leases: [], refusedCount: 1 });
      span.end(failure);
    }
    return failure;
  }

  /** Hands each result on. Returns a failure when not one run could be claimed, for no reason that time alone would mend. */
  #settle(batch: Dispatch[], { results }: ClaimRunsResponse): CallFailure | undefined {
    const { ready, supervisors, metrics } = this.#options;
    const bySession = new Map<LeaseSession, { leases: Lease[]; refusedCount: number }>();
    let leaseCount = 0;
    let stuck: CallFailure | undefined;
    for (const [index, dispatch] of batch.entries()) {
      const { session, span } = dispatch;
      let settled = bySession.get(session);
      if (settled === undefined) bySession.set(session, (settled = { leases: [], refusedCount: 0 }));
      const outcome = outcomeOf(results[index]);
      if (outcome instanceof CallFailure) {
        settled.refusedCount += 1;
        stuck = this.#refuse(dispatch, outcome) ?? stuck;
        metrics.claimRefused(outcome.reason);
        span.end(outcome);
      } else {
        settled.leases.push(outcome);
        this.#learn(dispatch, outcome);
        if (dispatch.run.supervisorId === "") this.#options.next.note(dispatch.run);
        ready.claimed(dispatch.run, outcome.ref?.leaseToken ?? "", claimTimeUsOf(outcome));
        leaseCount += 1;
        span.end();
      }
    }
    let undeliveredCount = 0;
    for (const [session, settled] of bySession) undeliveredCount += supervisors.settle(session, settled);
    metrics.claimsSettled(leaseCount, undeliveredCount);
    return leaseCount === 0 ? stuck : undefined;
  }

  /** A run whose machine has changed since it was told will be given back, and shall not come to such a supervisor again. */
  #learn({ run, session }: Dispatch, { machine }: Lease): void {
    const isOffered = (session.machines & setOf(machineIndexOf(machine))) !== 0;
    if (!isOffered && run.supervisorId === "") this.#options.ready.learnMachine(run.runId, machine);
  }

  /** A run gave no lease. Returns the failure when the run waits again although nothing has changed. */
  #refuse({ run, session }: Dispatch, failure: CallFailure): CallFailure | undefined {
    const { ready, supervisors } = this.#options;
    ready.notClaimed(run);
    if (failure.reason === ErrorReason.RUN_NOT_QUEUED) return undefined;
    ready.push(run);
    if (failure.reason !== ErrorReason.SUPERVISOR_EXPIRED) return failure;
    supervisors.end(session, failure);
    return undefined;
  }

  #fail(failure: CallFailure): void {
    if (this.#isClosed) return;
    this.#leave();
    this.#options.onFailure(failure);
  }

  #leave(): void {
    this.#isClosed = true;
    this.#options.turns.leave(this);
    this.#planWake();
  }
}

function claimOf({ run, session, span }: Dispatch): ClaimInit {
  const { environmentId, runId } = run;
  return { environmentId, runId, supervisorId: session.supervisorId, traceparent: span.traceparent };
}

function outcomeOf(answer: ClaimResult | undefined): Lease | CallFailure {
  const result = answer?.result;
  if (result?.case === "lease") return result.value;
  if (result?.case === "error") return callFailureFromError(result.value);
  return asCallFailure(new Error("The run-store left a claim without an answer."));
}

/** Without a time, a lease that no list has had counts until word of its end comes. */
function claimTimeUsOf({ claimTime }: Lease): number {
  return claimTime === undefined ? Infinity : timestampMs(claimTime) * 1_000;
}

function spanOf({ environmentId, queue, runId, traceparent }: WaitingRun, { supervisorId }: LeaseSession) {
  return { environmentId, queue, runId, traceparent, supervisorId };
}
