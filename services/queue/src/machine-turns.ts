import { firstOf, type MachineIndex, type MachineSet, setOf } from "./machines.ts";

/** Where a member stands among those who have runs for one machine. */
export interface TurnPlace<T> {
  readonly member: T;
  isInTurn: boolean;
  /** When it came here: of several machines, the smallest goes first. */
  ticket: number;
  before: TurnPlace<T> | undefined;
  after: TurnPlace<T> | undefined;
}

/** What a member of {@link MachineTurns} carries. */
export interface TakesMachineTurns<T> {
  /** By machine; theirs to set. */
  readonly places: (TurnPlace<T> | undefined)[];
}

/** Whether it stands in any turns. */
export function isInTurn<T>({ places }: TakesMachineTurns<T>): boolean {
  return places.some((place) => place?.isInTurn === true);
}

interface Line<T> {
  head: TurnPlace<T> | undefined;
  tail: TurnPlace<T> | undefined;
}

/**
 * Round-robin among those who have runs for machines. Whoever serves says for which machines, and finds the next of those
 * that have runs for any of them, however many others there are. A member with runs for several has a place for each, and
 * one turn: who is served goes to the end for all machines for which the server could have served it.
 *
 * As with Turns, a member that may not be served now is simply not put back.
 */
export class MachineTurns<T extends TakesMachineTurns<T>> {
  readonly #lines: (Line<T> | undefined)[] = [];
  #machines: MachineSet = 0;
  #lastTicket = 0;

  /** The machines for which somebody stands in line; 0 when nobody does. */
  get machines(): MachineSet {
    return this.#machines;
  }

  /** Goes to the end of the turns for these machines, but for those in which it stands already. O(machines). */
  enter(member: T, machines: MachineSet): void {
    for (let rest = machines; rest !== 0; rest &= rest - 1) {
      const index = firstOf(rest);
      const place = (member.places[index] ??= newPlace(member));
      if (!place.isInTurn) this.#append(index, place);
    }
  }

  /** Takes the one whose turn it is, of those that have runs for any of these machines, out of the turns for all of these. O(machines). */
  shift(machines: MachineSet): T | undefined {
    const asked = machines & this.#machines;
    let first: TurnPlace<T> | undefined;
    for (let rest = asked; rest !== 0; rest &= rest - 1) {
      const head = this.#lines[firstOf(rest)]?.head;
      if (head !== undefined && (first === undefined || head.ticket < first.ticket)) first = head;
    }
    if (first === undefined) return undefined;
    const { member } = first;
    for (let rest = asked; rest !== 0; rest &= rest - 1) this.#leave(firstOf(rest), member);
    return member;
  }

  #append(index: MachineIndex, place: TurnPlace<T>): void {
    const line = (this.#lines[index] ??= { head: undefined, tail: undefined });
    this.#lastTicket += 1;
    place.ticket = this.#lastTicket;
    place.isInTurn = true;
    place.before = line.tail;
    if (line.tail === undefined) line.head = place;
    else line.tail.after = place;
    line.tail = place;
    this.#machines |= setOf(index);
  }

  #leave(index: MachineIndex, member: T): void {
    const line = this.#lines[index];
    const place = member.places[index];
    if (line === undefined || place?.isInTurn !== true) return;
    const { before, after } = place;
    if (before === undefined) line.head = after;
    else before.after = after;
    if (after === undefined) line.tail = before;
    else after.before = before;
    place.isInTurn = false;
    place.before = undefined;
    place.after = undefined;
    if (line.head === undefined) this.#machines &= ~setOf(index);
  }
}

function newPlace<T>(member: T): TurnPlace<T> {
  return { member, isInTurn: false, ticket: 0, before: undefined, after: undefined };
}
