import type { Linked } from "./fifo.ts";
import { type MachineIndex, type MachineSet, setOf } from "./machines.ts";
import { type Placed, WaitingLine } from "./waiting-line.ts";

/** A run that needs a machine. */
export interface NeedsMachine {
  readonly machineIndex: MachineIndex;
}

/**
 * Runs of one queue and key that any supervisor with their machine can have: a line for each machine, so that those whose
 * machine nobody offers stand in nobody's way.
 */
export class FreeRuns<Run extends Placed & Linked<Run> & NeedsMachine> {
  readonly #lines: (WaitingLine<Run> | undefined)[] = [];
  #machines: MachineSet = 0;

  /** The machines for which runs wait; 0 when none waits. */
  get machines(): MachineSet {
    return this.#machines;
  }

  /** The run that goes next of those that need this machine. */
  head(index: MachineIndex): Run | undefined {
    return this.#lines[index]?.head;
  }

  /** Puts a run in its place. */
  push(run: Run): void {
    (this.#lines[run.machineIndex] ??= new WaitingLine<Run>()).push(run);
    this.#machines |= setOf(run.machineIndex);
  }

  /** Takes the run that goes next of those that need this machine. */
  shift(index: MachineIndex): void {
    const line = this.#lines[index];
    line?.shift();
    if (line?.head === undefined) this.#machines &= ~setOf(index);
  }

  /** How many that `counts`, and that need one of these machines, go before this one. O(line): for people who ask. */
  countBefore(run: Run, machines: MachineSet, counts: (other: Run) => boolean): number {
    return this.#lines.reduce((count, line, index) => {
      const isMeant = (machines & setOf(index)) !== 0;
      return count + (isMeant ? (line?.countBefore(run, counts) ?? 0) : 0);
    }, 0);
  }
}
