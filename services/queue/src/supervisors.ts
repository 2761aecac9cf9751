import { notReady, overloaded } from "@windlass/chassis";
import type { Lease } from "@windlass/proto";
import { Credits } from "./credits.ts";
import { LeaseSession } from "./lease-session.ts";
import { ALL_MACHINES, type MachineIndex, type MachineSet, setOf } from "./machines.ts";

/** One a machine: more than any cluster has. */
const MAX_SUPERVISORS = 10_000;

/** What became of the runs that were claimed for a session in one message. */
export interface SettledClaims {
  /** In the order of their queues. */
  readonly leases: Lease[];
  /** How many runs gave no lease; their credits are free again. */
  readonly refusedCount: number;
}

/** The supervisors whose streams are open, and the credits they have granted. */
export class Supervisors {
  readonly #sessions = new Map<string, LeaseSession>();
  readonly #credits = new Credits<LeaseSession>();
  #onCredits: () => void = () => undefined;

  /** Calls `listener`, instead of the one before, whenever there may be credits where there were none. */
  onCredits(listener: () => void): void {
    this.#onCredits = listener;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Opens a session without credits, of a supervisor that offers these machines. An older one of the same supervisor is ended with NOT_READY: it is the same process,
   * which has lost its stream before we have. Throws OVERLOADED beyond 10,000 supervisors.
   */
  open(supervisorId: string, machines: MachineSet = ALL_MACHINES): LeaseSession {
    const older = this.#sessions.get(supervisorId);
    if (older !== undefined) this.end(older, notReady("The supervisor opened a newer stream."));
    if (this.#sessions.size >= MAX_SUPERVISORS)
      throw overloaded(`${MAX_SUPERVISORS} supervisors are connected already.`);
    const session: LeaseSession = new LeaseSession(supervisorId, machines, () => this.#hold(session));
    this.#sessions.set(supervisorId, session);
    this.#credits.open(session, machines);
    return session;
  }

  /** Adds credits to a session. */
  grant(session: LeaseSession, credits: number): void {
    this.#credits.grant(session, credits);
    this.#onCredits();
  }

  /** The credits of a session that nothing has been claimed for. */
  balance(session: LeaseSession): number {
    return this.#credits.balance(session);
  }

  /** The supervisor wants no more: its credits are gone, and its stream ends after the leases that are being claimed for it. */
  finish(session: LeaseSession): void {
    this.#leave(session);
    if (session.claimsInFlight === 0) this.end(session);
  }

  /** Ends a session, with an error if one is given. Its credits end with it; leases that were pushed stay the supervisor's. */
  end(session: LeaseSession, error?: unknown): void {
    this.#leave(session);
    if (this.#sessions.get(session.supervisorId) === session) this.#sessions.delete(session.supervisorId);
    session.end(error);
  }

  /** The machines for which anybody has a credit. */
  get machines(): MachineSet {
    return this.#credits.machines;
  }

  /** The session to claim a run for that needs a machine; undefined when nobody who offers it has a credit. */
  choose(machine: MachineIndex = 0): LeaseSession | undefined {
    return this.#credits.richest(machine);
  }

  /** What all that are connected offer together. O(supervisors): for people who ask. */
  get offeredMachines(): MachineSet {
    let machines: MachineSet = 0;
    for (const session of this.#sessions.values()) machines |= session.machines;
    return machines;
  }

  /** How many that are connected offer a machine. O(supervisors): for people who ask. */
  countOffering(machine: MachineIndex): number {
    let count = 0;
    for (const session of this.#sessions.values()) if ((session.machines & setOf(machine)) !== 0) count += 1;
    return count;
  }

  /** Whether any that offers a machine has a credit. */
  canAnyTake(machine: MachineIndex): boolean {
    return this.choose(machine) !== undefined;
  }

  /** Whether this supervisor is connected and has a credit. */
  canTake(supervisorId: string): boolean {
    return this.chooseOnly(supervisorId) !== undefined;
  }

  /** The session of this supervisor, to claim a run for that only it can have; undefined while it has no credit. */
  chooseOnly(supervisorId: string): LeaseSession | undefined {
    const session = this.#sessions.get(supervisorId);
    return session !== undefined && this.#credits.canSpend(session) ? session : undefined;
  }

  /** A run is being claimed for this session: uses up one credit. */
  beginClaim(session: LeaseSession): void {
    this.#credits.spend(session);
    session.claimsInFlight += 1;
  }

  /**
   * The claims of one message are answered: pushes the leases and frees the credits of the others. Returns how many leases
   * could not be pushed.
   *
   * When the stream has gone in between, a newer one of the same supervisor takes them as far as its credits go. The others
   * are owned by a supervisor that never heard of them: its next heartbeat does not list them, so the run-store queues them
   * again at no cost of an attempt; if it is dead, its expiry does (I1).
   */
  settle(session: LeaseSession, { leases, refusedCount }: SettledClaims): number {
    session.claimsInFlight -= leases.length + refusedCount;
    this.#credits.grant(session, refusedCount);
    const lost = leases.length === 0 || this.#push(session, leases) ? [] : leases;
    const lostCount = lost.length - this.#pushToSuccessor(session.supervisorId, lost);
    if (session.isFinishing && session.claimsInFlight === 0) this.end(session);
    return lostCount;
  }

  #leave(session: LeaseSession): void {
    this.#credits.close(session);
    session.isFinishing = true;
    // What is claimed for runs to come has to be given back.
    if (session.claimsInFlight > 0) this.#onCredits();
  }

  #pushToSuccessor(supervisorId: string, leases: Lease[]): number {
    const successor = this.#sessions.get(supervisorId);
    if (successor === undefined || leases.length === 0) return 0;
    const pushable = leases.slice(0, this.#credits.balance(successor));
    if (pushable.length === 0 || !this.#push(successor, pushable)) return 0;
    for (const _ of pushable) this.#credits.spend(successor);
    return pushable.length;
  }

  #push(session: LeaseSession, leases: Lease[]): boolean {
    const isPushed = session.push(leases);
    this.#hold(session);
    return isPushed;
  }

  /** A supervisor that does not read what it was sent is given no more, so that what waits for it stays bounded (I10). */
  #hold(session: LeaseSession): void {
    this.#credits.setHeld(session, session.isFull);
    if (!session.isFull) this.#onCredits();
  }
}
