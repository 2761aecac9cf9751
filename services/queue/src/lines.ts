import { CellRate, type RateLimit } from "./cell-rate.ts";
import type { Linked } from "./fifo.ts";
import { FreeRuns, type NeedsMachine } from "./free-runs.ts";
import { MachineTurns, type TakesMachineTurns, type TurnPlace } from "./machine-turns.ts";
import { type MachineIndex, machineIndexOf, machineNameOf } from "./machines.ts";
import type { TakesTurns } from "./turns.ts";
import { type ReadyRun, WaitingLine } from "./waiting-line.ts";

/** Who may have to wait for a moment, because of a rate limit. */
interface Awaits {
  /** The next moment at which it is looked at again; Infinity when none is planned. */
  awaitedAtMs: number;
}

/** What limits a queue. */
export interface QueueLimits {
  readonly environmentId: string;
  readonly queue: string;
  /** Undefined: without limit. Holds for each concurrency key by itself. */
  readonly concurrencyLimit: number | undefined;
  readonly isPaused: boolean;
  readonly rateLimit: RateLimit | undefined;
}

// The tree of what waits: environments > queues > keys > runs. Each knows its limits and how much of them is in use; who may
// go next is decided by ReadyQueues.

/** An environment with runs that wait or execute, or with settings. */
export class EnvironmentLines implements TakesMachineTurns<EnvironmentLines> {
  readonly environmentId: string;
  readonly places: (TurnPlace<EnvironmentLines> | undefined)[] = [];
  concurrencyLimit = Infinity;
  /** Slots in use. */
  running = 0;
  readonly queues = new Map<string, QueueLines>();
  readonly turns = new MachineTurns<QueueLines>();
  /** Lines of resumes that found the environment at its limit. */
  parked: BoundLine[] = [];

  constructor(environmentId: string) {
    this.environmentId = environmentId;
  }

  get hasRoom(): boolean {
    return this.running < this.concurrencyLimit;
  }
}

/** A queue with runs that wait or execute, or with settings. */
export class QueueLines implements TakesMachineTurns<QueueLines>, Awaits {
  readonly environment: EnvironmentLines;
  readonly queue: string;
  readonly places: (TurnPlace<QueueLines> | undefined)[] = [];
  awaitedAtMs = Infinity;
  /** Holds for each key by itself. */
  concurrencyLimit = Infinity;
  isPaused = false;
  rateLimit: RateLimit | undefined;
  /** When the allowance of one who has not used it yet is whole (see CellRate). */
  rateWholeAtMs = -Infinity;
  /** Kept for a queue without runs too, since it was told once. */
  hasSettings = false;
  /** What of the rate limit is left, unless each key has its own. */
  rate: CellRate | undefined;
  /** Slots in use. */
  running = 0;
  /** Those of them that are kept for runs to come. */
  reserved = 0;
  /** Runs that wait. */
  depth = 0;
  readonly keys = new Map<string, KeyLine>();
  readonly turns = new MachineTurns<KeyLine>();
  /** Lines of resumes that found the queue paused. */
  parked: BoundLine[] = [];

  constructor(environment: EnvironmentLines, queue: string) {
    this.environment = environment;
    this.queue = queue;
  }
}

/** The runs of one queue with one concurrency key. */
export class KeyLine implements TakesMachineTurns<KeyLine>, Awaits {
  readonly queue: QueueLines;
  readonly concurrencyKey: string;
  readonly places: (TurnPlace<KeyLine> | undefined)[] = [];
  awaitedAtMs = Infinity;
  /** Slots in use. */
  running = 0;
  rate: CellRate | undefined;
  /** Runs that any supervisor with their machine can have. */
  readonly free = new FreeRuns<WaitingRun>();
  /** Runs that only one can have: a line for each. */
  bound: Map<string, BoundLine> | undefined;
  /** Lines of resumes that found the key at its limit. */
  parked: BoundLine[] = [];

  constructor(queue: QueueLines, concurrencyKey: string) {
    this.queue = queue;
    this.concurrencyKey = concurrencyKey;
  }

  get hasRoom(): boolean {
    return this.running < this.queue.concurrencyLimit;
  }
}

/** Resumes of one key that one supervisor alone can have. */
export class BoundLine implements TakesTurns<BoundLine> {
  readonly line: KeyLine;
  readonly supervisorId: string;
  next: BoundLine | undefined;
  isInTurn = false;
  /** Out of the turns until there is room. */
  isParked = false;
  readonly runs = new WaitingLine<WaitingRun>();

  constructor(line: KeyLine, supervisorId: string) {
    this.line = line;
    this.supervisorId = supervisorId;
  }
}

/** A run in its place. Its names are those of its line: a million runs share them. */
export class WaitingRun implements ReadyRun, Linked<WaitingRun>, NeedsMachine {
  readonly line: KeyLine;
  readonly runId: string;
  readonly queueTimeUs: number;
  readonly traceparent: string;
  readonly supervisorId: string;
  readonly machineIndex: MachineIndex;
  next: WaitingRun | undefined;

  constructor(line: KeyLine, { runId, queueTimeUs, traceparent, machine }: ReadyRun, supervisorId: string) {
    this.line = line;
    this.runId = runId;
    this.queueTimeUs = queueTimeUs;
    this.traceparent = traceparent;
    this.supervisorId = supervisorId;
    this.machineIndex = machineIndexOf(machine);
    this.next = undefined;
  }

  get environmentId(): string {
    return this.line.queue.environment.environmentId;
  }

  get queue(): string {
    return this.line.queue.queue;
  }

  get concurrencyKey(): string {
    return this.line.concurrencyKey;
  }

  get machine(): string {
    return machineNameOf(this.machineIndex);
  }
}
