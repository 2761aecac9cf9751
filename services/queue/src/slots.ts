import { RecentTokens } from "./recent-tokens.ts";

/** A run that holds a slot, as the run-store lists it. */
export interface ListedLease {
  readonly runId: string;
  readonly leaseToken: string;
}

/** Told of every slot, so that whoever has limits can count. */
export interface SlotCounter<Line> {
  taken(line: Line): void;
  freed(line: Line): void;
}

/** By the run-store's word, a list that was read so long after a claim has it: no statement takes longer. */
const CLAIM_LIMIT_US = 40_000_000;

interface Held<Line> {
  readonly line: Line;
  readonly leaseToken: string;
  /** When its claim was stored, microseconds by the database's clock. */
  readonly claimTimeUs: number;
  /** The last list that had it; 0 for none. */
  seenInList: number;
}

interface Claiming<Line> {
  readonly line: Line;
  /** A list that was taken while the claim was under way had this lease of the run. */
  listedToken: string | undefined;
}

/**
 * Which runs hold a slot: those that are being claimed, and those with a live lease (I4). It may count too many for a
 * while, never too few:
 *
 * - A claim holds its slot from before it is sent until it is refused, or until word comes that its lease is over. That
 *   word can overtake the answer, so tokens of ended leases are remembered for some seconds.
 * - The run-store lists all live leases when the epoch begins, after no older epoch can claim any more, and again from time
 *   to time. A lease that an earlier list had and the next one lacks is over: its notice was lost (I9). One that no list has
 *   had may have been stored while the list was read; it is over when its claim was stored more than 40 s before.
 */
export class Slots<Line> {
  readonly #counter: SlotCounter<Line>;
  readonly #held = new Map<string, Held<Line>>();
  readonly #claiming = new Map<string, Claiming<Line>>();
  readonly #ended = new RecentTokens();
  #awaitedList = 1;

  constructor(counter: SlotCounter<Line>) {
    this.#counter = counter;
  }

  /** Whether the first list is complete: until then nobody may be claimed. */
  get isListed(): boolean {
    return this.#awaitedList > 1;
  }

  /** Whether a claim of this run is under way. A run is claimed once at a time. */
  isClaiming(runId: string): boolean {
    return this.#claiming.has(runId);
  }

  /** A run is about to be claimed. */
  begin(runId: string, line: Line): void {
    this.#claiming.set(runId, { line, listedToken: undefined });
    this.#counter.taken(line);
  }

  /** The claim made a lease, at this time of the database's clock. */
  claimed(runId: string, leaseToken: string, claimTimeUs: number): void {
    const claim = this.#end(runId);
    if (claim === undefined) return;
    this.#release(runId);
    if (this.#ended.has(leaseToken)) this.#counter.freed(claim.line);
    else this.#held.set(runId, { line: claim.line, leaseToken, claimTimeUs, seenInList: 0 });
  }

  /** The claim made no lease. */
  refused(runId: string): void {
    const claim = this.#end(runId);
    if (claim === undefined) return;
    const { listedToken, line } = claim;
    if (listedToken === undefined || this.#ended.has(listedToken) || this.#held.has(runId)) this.#counter.freed(line);
    else this.#holdListed(runId, listedToken, line);
  }

  /** A lease holds no slot any more. */
  freed(runId: string, leaseToken: string): void {
    this.#ended.add(leaseToken);
    if (this.#held.get(runId)?.leaseToken === leaseToken) this.#release(runId);
  }

  /** A live lease, from the list that is under way. */
  listed({ runId, leaseToken }: ListedLease, line: Line): void {
    if (this.#ended.has(leaseToken)) return;
    const held = this.#held.get(runId);
    const claim = this.#claiming.get(runId);
    if (held?.leaseToken === leaseToken) held.seenInList = this.#awaitedList;
    else if (claim !== undefined) claim.listedToken = leaseToken;
    else if (held === undefined) {
      this.#counter.taken(line);
      this.#holdListed(runId, leaseToken, line);
    }
    // Else the list is older than the lease that we know.
  }

  /** The list that was under way is complete; its reading began at this time of the database's clock. O(leases). */
  listComplete(listTimeUs: number): void {
    for (const [runId, { seenInList, claimTimeUs }] of this.#held) {
      if (seenInList === this.#awaitedList) continue;
      if (seenInList > 0 || claimTimeUs < listTimeUs - CLAIM_LIMIT_US) this.#release(runId);
    }
    this.#awaitedList += 1;
  }

  /** At most `count` of the runs that hold the slots for which `isMeant` is true. O(leases): for people who ask. */
  holders(isMeant: (line: Line) => boolean, count: number): string[] {
    const runIds: string[] = [];
    for (const holders of [this.#held, this.#claiming]) {
      for (const [runId, { line }] of holders) {
        if (runIds.length >= count) return runIds;
        if (isMeant(line)) runIds.push(runId);
      }
    }
    return runIds;
  }

  #holdListed(runId: string, leaseToken: string, line: Line): void {
    this.#held.set(runId, { line, leaseToken, claimTimeUs: Infinity, seenInList: this.#awaitedList });
  }

  #release(runId: string): void {
    const held = this.#held.get(runId);
    if (held === undefined) return;
    this.#held.delete(runId);
    this.#counter.freed(held.line);
  }

  #end(runId: string): Claiming<Line> | undefined {
    const claim = this.#claiming.get(runId);
    this.#claiming.delete(runId);
    return claim;
  }
}
