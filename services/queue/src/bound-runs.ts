import { BoundLine, type KeyLine } from "./lines.ts";
import { Turns } from "./turns.ts";

interface BoundTo {
  readonly turns: Turns<BoundLine>;
  readonly lines: Set<BoundLine>;
  /** How many runs count; those overtaken by newer word do not. */
  count: number;
}

/**
 * Resumes: runs that only one supervisor can have, because their suspended processes are there. Each supervisor has turns of
 * its own, so that one that is busy or gone delays nobody else; in them its queues and keys take turns.
 */
export class BoundRuns {
  readonly #supervisors = new Map<string, BoundTo>();
  /** Lines that may have room again; looked at with the next gathering, once however often they were woken. */
  #woken: BoundLine[] = [];

  /** The supervisors for which runs wait. */
  supervisorIds(): Iterable<string> {
    return this.#supervisors.keys();
  }

  /** Whether runs wait for this one. */
  hasRunsFor(supervisorId: string): boolean {
    return this.#supervisors.has(supervisorId);
  }

  /** The line for one more run, in its turn unless it is parked. */
  lineFor(line: KeyLine, supervisorId: string): BoundLine {
    let supervisor = this.#supervisors.get(supervisorId);
    if (supervisor === undefined) {
      supervisor = { turns: new Turns(), lines: new Set(), count: 0 };
      this.#supervisors.set(supervisorId, supervisor);
    }
    supervisor.count += 1;
    line.bound ??= new Map();
    let bound = line.bound.get(supervisorId);
    if (bound === undefined) {
      bound = new BoundLine(line, supervisorId);
      line.bound.set(supervisorId, bound);
      supervisor.lines.add(bound);
    }
    return bound;
  }

  /** Puts a line at the end of its supervisor's turns, unless it waits for room. */
  enter(bound: BoundLine): void {
    if (!bound.isParked) this.#supervisors.get(bound.supervisorId)?.turns.enter(bound);
  }

  /** The line whose turn it is, out of the turns now. */
  shift(supervisorId: string): BoundLine | undefined {
    if (this.#woken.length > 0) this.#enterWoken();
    return this.#supervisors.get(supervisorId)?.turns.shift();
  }

  /** A line that found no room waits in this list. */
  park(bound: BoundLine, { parked }: { parked: BoundLine[] }): void {
    bound.isParked = true;
    parked.push(bound);
  }

  /** There may be room for those in this list. */
  wake(place: { parked: BoundLine[] }): void {
    if (place.parked.length === 0) return;
    this.#woken.push(...place.parked);
    place.parked = [];
  }

  /** A run does not count any more; the lines of a supervisor go with the last that did. */
  leave(supervisorId: string): void {
    const supervisor = this.#supervisors.get(supervisorId);
    if (supervisor === undefined) return;
    supervisor.count -= 1;
    if (supervisor.count > 0) return;
    this.#supervisors.delete(supervisorId);
    for (const bound of supervisor.lines) this.forget(bound);
  }

  /** A line without runs. */
  forget(bound: BoundLine): void {
    const { line, supervisorId } = bound;
    this.#supervisors.get(supervisorId)?.lines.delete(bound);
    if (line.bound?.get(supervisorId) !== bound) return;
    line.bound.delete(supervisorId);
    if (line.bound.size === 0) line.bound = undefined;
  }

  #enterWoken(): void {
    const woken = this.#woken;
    this.#woken = [];
    for (const bound of woken) {
      bound.isParked = false;
      if (bound.line.bound?.get(bound.supervisorId) === bound) this.enter(bound);
    }
  }
}
