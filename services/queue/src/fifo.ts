/** What a member of a {@link Fifo} carries: the link is part of the member, so a list of a million costs no wrapper objects. */
export interface Linked<T> {
  next: T | undefined;
}

/** A first-in, first-out list. A member stands in at most one at a time. */
export class Fifo<T extends Linked<T>> {
  #head: T | undefined;
  #tail: T | undefined;

  /** The member that leaves next. */
  get head(): T | undefined {
    return this.#head;
  }

  /** The member that came last. */
  get tail(): T | undefined {
    return this.#tail;
  }

  /** Appends a member. O(1). */
  push(member: T): void {
    if (this.#tail === undefined) this.#head = member;
    else this.#tail.next = member;
    this.#tail = member;
  }

  /** Removes the head. O(1). */
  shift(): T | undefined {
    const head = this.#head;
    if (head === undefined) return undefined;
    this.#head = head.next;
    if (this.#head === undefined) this.#tail = undefined;
    // A member that left must not keep its successors alive.
    head.next = undefined;
    return head;
  }
}
