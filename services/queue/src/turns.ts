import { Fifo, type Linked } from "./fifo.ts";

/** What a member of {@link Turns} carries. */
export interface TakesTurns<T> extends Linked<T> {
  /** Whether it stands in its turns; theirs to set. */
  isInTurn: boolean;
}

/**
 * Round-robin: who is served goes to the end. A member that may not be served now is simply not put back; whoever removes
 * the obstacle enters it again. So those who may not go cost the others nothing.
 */
export class Turns<T extends TakesTurns<T>> {
  readonly #members = new Fifo<T>();

  /** Whether nobody stands in line. */
  get isEmpty(): boolean {
    return this.#members.head === undefined;
  }

  /** Goes to the end, unless it stands in line already. O(1). */
  enter(member: T): void {
    if (member.isInTurn) return;
    member.isInTurn = true;
    this.#members.push(member);
  }

  /** Takes the one whose turn it is out of the line. O(1). */
  shift(): T | undefined {
    const member = this.#members.shift();
    if (member !== undefined) member.isInTurn = false;
    return member;
  }
}
