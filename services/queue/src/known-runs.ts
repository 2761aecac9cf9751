import type { FreeRuns } from "./free-runs.ts";
import type { WaitingRun } from "./lines.ts";
import { firstOf, type MachineSet, machineIndexOf } from "./machines.ts";
import { isBefore, type ReadyRun, type WaitingLine } from "./waiting-line.ts";

/** The entry of each run that waits. One in a line that is not here was overtaken by newer word, and is passed over. */
export class KnownRuns {
  readonly #entries = new Map<string, WaitingRun>();

  /** How many runs wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** The run, if it waits. */
  find(runId: string): WaitingRun | undefined {
    return this.#entries.get(runId);
  }

  /** The newest word of a run. */
  set(run: WaitingRun): void {
    this.#entries.set(run.runId, run);
  }

  /** The run waits no more. */
  delete({ runId }: WaitingRun): void {
    this.#entries.delete(runId);
  }

  /** Whether it was not overtaken. */
  counts(run: WaitingRun): boolean {
    return this.#entries.get(run.runId) === run;
  }

  /** The first resume of a line; those before it that do not count are dropped. */
  headOf(runs: WaitingLine<WaitingRun>): WaitingRun | undefined {
    let { head } = runs;
    for (; head !== undefined && !this.counts(head); { head } = runs) runs.shift();
    return head;
  }

  /** The first run of those that need one of these machines; likewise. */
  firstOf(free: FreeRuns<WaitingRun>, machines: MachineSet): WaitingRun | undefined {
    let first: WaitingRun | undefined;
    for (let rest = free.machines & machines; rest !== 0; rest &= rest - 1) {
      const index = firstOf(rest);
      let head = free.head(index);
      for (; head !== undefined && !this.counts(head); head = free.head(index)) free.shift(index);
      if (head !== undefined && (first === undefined || isBefore(head, first))) first = head;
    }
    return first;
  }
}

/** Whether word of a run that waits is newer than what is known of it. Word without a machine tells nothing of that. */
export function isNews(known: WaitingRun, { supervisorId, machine }: ReadyRun): boolean {
  if (known.supervisorId !== supervisorId) return true;
  return supervisorId === "" && machine !== "" && machineIndexOf(machine) !== known.machineIndex;
}
