import { hookResultToProto } from "./hook-result.ts";
import type { HookReport } from "./lifecycle/lifecycle-attempt.ts";
import type { Outbox } from "./outbox.ts";
import { MAX_RUN_ERROR_BYTES } from "./serialize-error.ts";
import { sendLog } from "./task-log.ts";

/** As many as are stored with an attempt; a supervisor ends a worker that reports more. */
const MAX_REPORTS = 500;
/** A run may wait any number of times, which must leave room for the hooks that end it. */
const MAX_REPORTS_OF_WAITS = 200;

/** Tells the cluster what the hooks of one attempt did, as far as that is stored. */
export class HookReports {
  readonly #attemptNumber: number;
  readonly #outbox: Outbox;
  #count = 0;
  #countOfWaits = 0;
  #hasToldOfLimit = false;

  constructor(attemptNumber: number, outbox: Outbox) {
    this.#attemptNumber = attemptNumber;
    this.#outbox = outbox;
  }

  send(report: HookReport): void {
    const value = hookResultToProto(report, this.#attemptNumber);
    if (this.#hasRoomFor(report))
      this.#outbox.push({ case: "hookResult", value }, report.error === undefined ? 0 : MAX_RUN_ERROR_BYTES);
    else this.#tellOfLimit();
    // Among the logs nothing else would show that the hook threw.
    if (report.outcome === "ignored")
      this.#warn(`${nameOf(report)} threw, which was ignored: ${value.error?.name}: ${value.error?.message}`);
  }

  #hasRoomFor({ hook }: HookReport): boolean {
    const isOfWait = hook === "onWait" || hook === "onResume";
    if (this.#count === MAX_REPORTS || (isOfWait && this.#countOfWaits === MAX_REPORTS_OF_WAITS)) return false;
    this.#count += 1;
    if (isOfWait) this.#countOfWaits += 1;
    return true;
  }

  #tellOfLimit(): void {
    if (this.#hasToldOfLimit) return;
    this.#hasToldOfLimit = true;
    this.#warn(
      `the results of further hooks of this attempt are not stored: ${MAX_REPORTS_OF_WAITS} of onWait and onResume are, and ${MAX_REPORTS} in all`,
    );
  }

  #warn(message: string): void {
    sendLog(this.#outbox, "warn", message, undefined);
  }
}

function nameOf({ hook, scope, name }: HookReport): string {
  return name === "" ? `${scope} ${hook}` : `${scope} ${hook} "${name}"`;
}
