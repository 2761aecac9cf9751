import type { ReadyRun } from "./waiting-line.ts";

/** The oldest is forgotten first: its run is then given back once more. */
const MAX_LEARNT = 10_000;

/**
 * Machines of runs that were leased to a supervisor without them, because their task had a new version between their being
 * told and their claim. Such a run is given back, and told again by a statement that does not know its machine.
 */
export class LearntMachines {
  readonly #byRun = new Map<string, string>();

  /** A lease says which machine its run needs. */
  learn(runId: string, machine: string): void {
    const [oldest] = this.#byRun.keys();
    if (this.#byRun.size >= MAX_LEARNT && oldest !== undefined) this.#byRun.delete(oldest);
    this.#byRun.set(runId, machine);
  }

  /** The run, with its machine if that was learnt. Word that names one is newer than what was learnt. */
  complete(run: ReadyRun): ReadyRun {
    if (this.#byRun.size === 0) return run;
    const machine = run.machine === "" ? this.#byRun.get(run.runId) : undefined;
    if (machine !== undefined) return { ...run, machine };
    this.#byRun.delete(run.runId);
    return run;
  }
}
