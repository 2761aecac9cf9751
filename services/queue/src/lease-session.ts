import type { Lease } from "@windlass/proto";
import { createPushStream } from "@windlass/proto/grpc";
import type { MachineSet } from "./machines.ts";

/** What goes down a supervisor's stream in one message. */
export interface LeasePush {
  readonly leases: Lease[];
}

/** Messages that may wait for a supervisor that reads slowly before no more is claimed for it. A message is at most 16 MB. */
const MAX_WAITING = 2;
/** Room for what was already being claimed when the limit was reached: of each of eight shards two messages, and eight of runs to come. */
const WAITING_ROOM = 80;

/** One supervisor's open stream, from the side that pushes leases into it. Iterated by the handler, once. */
export class LeaseSession implements AsyncIterableIterator<LeasePush, undefined> {
  readonly supervisorId: string;
  /** What it offers. */
  readonly machines: MachineSet;
  /** Runs that are being claimed for it at this moment. */
  claimsInFlight = 0;
  /** True when the supervisor wants no more, or is gone: the stream ends when nothing is being claimed for it any more. */
  isFinishing = false;
  readonly #waiting = createPushStream<LeasePush>(WAITING_ROOM);
  readonly #onTaken: () => void;

  /** `onTaken` is told when a message has left, hence when {@link isFull} may have changed. */
  constructor(supervisorId: string, machines: MachineSet, onTaken: () => void) {
    this.supervisorId = supervisorId;
    this.machines = machines;
    this.#onTaken = onTaken;
  }

  /** Whether the supervisor is behind in reading what it was sent. */
  get isFull(): boolean {
    return this.#waiting.size >= MAX_WAITING;
  }

  /** Sends leases in one message. False when the stream has ended: they are not sent. */
  push(leases: Lease[]): boolean {
    return this.#waiting.push({ leases });
  }

  /** Ends the stream once what waits has been sent, with an error if one is given. */
  end(error?: unknown): void {
    this.#waiting.end(error);
  }

  next(): Promise<IteratorResult<LeasePush, undefined>> {
    const result = this.#waiting.next();
    this.#onTaken();
    return result;
  }

  return(): Promise<IteratorResult<LeasePush, undefined>> {
    return this.#waiting.return?.() ?? Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
