/** A binary min-heap. Push and shift are O(log n). */
export class MinHeap<T> {
  readonly #members: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** The first in order. */
  get head(): T | undefined {
    return this.#members[0];
  }

  /** How many there are. */
  get size(): number {
    return this.#members.length;
  }

  /** All of them, in no order. */
  values(): Iterable<T> {
    return this.#members;
  }

  /** Adds a member anywhere in the order. */
  push(member: T): void {
    const members = this.#members;
    let index = members.length;
    members.push(member);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = members[parentIndex] as T;
      if (!this.#isBefore(member, parent)) break;
      members[index] = parent;
      index = parentIndex;
    }
    members[index] = member;
  }

  /** Removes the first in order. */
  shift(): T | undefined {
    const members = this.#members;
    const first = members[0];
    const last = members.pop();
    if (last === undefined || members.length === 0) return first;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= members.length) break;
      const right = childIndex + 1;
      if (right < members.length && this.#isBefore(members[right] as T, members[childIndex] as T)) childIndex = right;
      const child = members[childIndex] as T;
      if (!this.#isBefore(child, last)) break;
      members[index] = child;
      index = childIndex;
    }
    members[index] = last;
    return first;
  }
}
