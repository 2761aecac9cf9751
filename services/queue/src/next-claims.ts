import { type OpenSpan, startSpan, type Telemetry } from "@windlass/chassis";
import type { ClaimRunsResponse, Lease } from "@windlass/proto";
import { asCallFailure, CallFailure, callFailureFromError } from "@windlass/proto/grpc";
import type { LeaseSession } from "./lease-session.ts";
import type { LineName } from "./line-tree.ts";
import type { KeyLine } from "./lines.ts";
import { type MachineIndex, machineNameOf } from "./machines.ts";
import type { QueueMetrics } from "./metrics.ts";
import type { ReadyQueues } from "./ready-queues.ts";
import type { Supervisors } from "./supervisors.ts";

/** The next runs of one line, for one supervisor. */
export interface NextClaimInit extends LineName {
  readonly machine: string;
  readonly supervisorId: string;
  readonly count: number;
}

/** Runs of a line that need the same machine. */
export interface NextLine extends LineName {
  readonly machineIndex: MachineIndex;
}

export interface NextClaimsOptions {
  readonly ready: ReadyQueues;
  readonly supervisors: Supervisors;
  /** Answered with the leases of the first runs that come, or with none when asked to answer. */
  readonly claimNext: (claim: NextClaimInit) => Promise<ClaimRunsResponse>;
  /** Asks for the answers to all that wait. */
  readonly answerNext: () => Promise<unknown>;
  /** Nothing more can be claimed. */
  readonly onFailure: (failure: CallFailure) => void;
  /** Credits or room have come back. */
  readonly onSettled: () => void;
  readonly telemetry: Telemetry;
  readonly metrics: QueueMetrics;
}

/** Lines whose runs are asked for in advance: those that had the last ones. */
const MAX_LINES = 4;
/** While one message is being answered the other is there for the runs that come meanwhile. */
const MESSAGES_PER_LINE = 2;
/** How many messages wait at most. */
export const MAX_NEXT_CLAIMS = MAX_LINES * MESSAGES_PER_LINE;
/** Most runs for which one message asks. */
const MAX_COUNT = 16;

/** A line that had one of the last runs. */
interface KnownLine extends NextLine {
  /** Whether it had others before, while it was known. */
  isRepeated: boolean;
}

interface Waiting {
  readonly line: KeyLine;
  readonly machineIndex: MachineIndex;
  readonly session: LeaseSession;
  readonly count: number;
  readonly answered: Promise<void>;
}

/**
 * Claims runs of a shard before they are there, while none waits: the run-store leases them in the moment in which it has stored them, which saves the way to the queue and
 * back. The slots and credits for them are taken when they are asked for, so nothing is exceeded; they are given back, by {@link recall}, as soon as anybody else could use them.
 * Half of a supervisor's credits, and the last slot under a limit, are never taken this way: what is told as ever need not wait for the recall.
 */
export class NextClaims {
  readonly #options: NextClaimsOptions;
  /** The newest last. */
  readonly #lines = new Map<string, KnownLine>();
  readonly #waiting = new Set<Waiting>();
  #isRecalling = false;
  #isClosed = false;

  constructor(options: NextClaimsOptions) {
    this.#options = options;
  }

  /** A run of this line was claimed. */
  note({ environmentId, queue, concurrencyKey, machineIndex }: NextLine): void {
    const key = `${environmentId} ${machineIndex} ${queue.length} ${queue}${concurrencyKey}`;
    const known = this.#lines.get(key);
    if (known !== undefined) known.isRepeated = true;
    this.#lines.delete(key);
    this.#lines.set(key, known ?? { environmentId, queue, concurrencyKey, machineIndex, isRepeated: false });
    if (this.#lines.size <= MAX_LINES) return;
    for (const oldest of this.#lines.keys()) {
      this.#lines.delete(oldest);
      return;
    }
  }

  /** To be called when whatever may go has been claimed: asks for runs to come when none waits or (`isQuiet`) is being claimed, and gives back what those that wait could use. */
  review({ isQuiet }: { readonly isQuiet: boolean }): void {
    if (this.#holdsUpOthers()) this.recall();
    else if (isQuiet && this.#options.ready.size === 0) this.#ask();
  }

  /** Somebody wants credits of these supervisors. */
  yieldTo(isNeeded: (session: LeaseSession) => boolean): void {
    for (const { session } of this.#waiting) if (isNeeded(session)) return this.recall();
  }

  /** Asks for the answers to all that wait; what they hold is free when they have come. */
  recall(): void {
    if (this.#waiting.size === 0 || this.#isRecalling) return;
    this.#isRecalling = true;
    const recalled = [...this.#waiting].map(({ answered }) => answered);
    // When it fails, so does every answer that waits: there is one at a time, so that the stream takes it.
    const asked = this.#options.answerNext().catch(() => undefined);
    void Promise.all([asked, ...recalled]).then(() => {
      this.#isRecalling = false;
      this.#options.onSettled();
    });
  }

  /** Asks for nothing more. Resolves when all is answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.recall();
    await Promise.all([...this.#waiting].map(({ answered }) => answered));
  }

  #holdsUpOthers(): boolean {
    const doRunsWait = this.#options.ready.size > 0;
    for (const { line, session } of this.#waiting) {
      if (session.isFinishing || session.isFull) return true;
      if (doRunsWait && !(line.hasRoom && line.queue.environment.hasRoom)) return true;
    }
    return false;
  }

  #ask(): void {
    if (this.#isClosed || this.#isRecalling) return;
    for (const line of [...this.#lines.values()].toReversed()) {
      for (let count = this.#countFor(line); count < MESSAGES_PER_LINE; count += 1) {
        // Some wait for lines that have had no run for a while: they make way for one that will have more.
        if (this.#waiting.size === MAX_NEXT_CLAIMS && line.isRepeated) return this.recall();
        if (this.#waiting.size === MAX_NEXT_CLAIMS || !this.#askFor(line)) break;
      }
    }
  }

  #countFor(name: NextLine): number {
    let count = 0;
    for (const { line, machineIndex } of this.#waiting) {
      const isSame = machineIndex === name.machineIndex && line.concurrencyKey === name.concurrencyKey;
      if (isSame && line.queue.queue === name.queue && line.queue.environment.environmentId === name.environmentId)
        count += 1;
    }
    return count;
  }

  #askFor(name: NextLine): boolean {
    const { ready, supervisors, claimNext } = this.#options;
    const session = supervisors.choose(name.machineIndex);
    if (session === undefined || session.isFinishing) return false;
    const count = Math.min(MAX_COUNT, Math.floor(supervisors.balance(session) / 2));
    if (count < 1) return false;
    const line = ready.reserve(name, count);
    if (line === undefined) return false;
    for (let nth = 0; nth < count; nth += 1) supervisors.beginClaim(session);
    const { environmentId, queue, concurrencyKey, machineIndex } = name;
    const machine = machineNameOf(machineIndex);
    const claim = { environmentId, queue, concurrencyKey, machine, supervisorId: session.supervisorId, count };
    const answer = claimNext(claim).then(
      (response) => (response.error === undefined ? response : callFailureFromError(response.error)),
      asCallFailure,
    );
    const waiting: Waiting = {
      line,
      machineIndex,
      session,
      count,
      answered: answer.then((response) => this.#settle(waiting, response)),
    };
    this.#waiting.add(waiting);
    return true;
  }

  #settle(waiting: Waiting, response: ClaimRunsResponse | CallFailure): void {
    const { ready, supervisors, metrics, onFailure, onSettled } = this.#options;
    const { line, session, count } = waiting;
    this.#waiting.delete(waiting);
    const leases = response instanceof CallFailure ? [] : leasesOf(response);
    for (const lease of leases) {
      this.#trace(waiting, lease);
      ready.claimedAhead(line, lease.ref?.runId ?? "", lease.ref?.leaseToken ?? "");
    }
    const refusedCount = count - leases.length;
    ready.giveBack(line, refusedCount);
    const undeliveredCount = supervisors.settle(session, { leases, refusedCount });
    metrics.claimsSettled(leases.length, undeliveredCount);
    if (response instanceof CallFailure) onFailure(response);
    else onSettled();
  }

  /** The dispatch of a run that did not wait for it. */
  #trace({ line, session }: Waiting, lease: Lease): void {
    const { telemetry } = this.#options;
    const span = startDispatchSpan(telemetry, {
      environmentId: line.queue.environment.environmentId,
      queue: line.queue.queue,
      runId: lease.ref?.runId ?? "",
      traceparent: lease.traceparent,
      supervisorId: session.supervisorId,
    });
    lease.traceparent = span.traceparent;
    span.end();
  }
}

/** The span of a run's way to a supervisor. */
export function startDispatchSpan(
  telemetry: Telemetry,
  run: {
    readonly environmentId: string;
    readonly queue: string;
    readonly runId: string;
    readonly traceparent: string;
    readonly supervisorId: string;
  },
): OpenSpan {
  return startSpan(telemetry, {
    name: "queue dispatch",
    parent: run.traceparent,
    kind: "producer",
    attributes: {
      "windlass.environment_id": run.environmentId,
      "windlass.queue": run.queue,
      "windlass.run_id": run.runId,
      "windlass.supervisor_id": run.supervisorId,
    },
  });
}

function leasesOf({ results }: ClaimRunsResponse): Lease[] {
  return results.flatMap(({ result }) => (result.case === "lease" ? [result.value] : []));
}
