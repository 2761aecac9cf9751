import { attemptLimits } from "./worker-limits.ts";

/** How often it is said that records are dropped, while they are. */
const sayIntervalMs = 10_000;

/** "drop-and-say": dropped, and it is time to say that records are. */
export type LogVerdict = "keep" | "drop" | "drop-and-say";

/**
 * How much one attempt may log: many records at once, few a second after that, and no more than so many in all. An honest
 * task that prints a list, or runs for hours, does not notice; one that floods is cut to what costs nothing.
 */
export class LogAllowance {
  #records: number = attemptLimits.logRecords;
  #bytes: number = attemptLimits.logBytes;
  #recordsInAll = 0;
  #bytesInAll = 0;
  #refilledMs: number;
  #saidMs: number | undefined;
  dropped = 0;
  /** The last record was dropped. */
  isExceeded = false;

  constructor(nowMs: number) {
    this.#refilledMs = nowMs;
  }

  take(sizeBytes: number, nowMs: number): LogVerdict {
    this.#refill(nowMs);
    const isOver = this.#recordsInAll >= attemptLimits.logRecordsInAll;
    const isOverBytes = this.#bytesInAll + sizeBytes > attemptLimits.logBytesInAll;
    this.isExceeded = isOver || isOverBytes || this.#records < 1 || this.#bytes < sizeBytes;
    if (this.isExceeded) {
      this.dropped += 1;
      const isTold = this.#saidMs !== undefined && (isOver || isOverBytes || nowMs - this.#saidMs < sayIntervalMs);
      if (isTold) return "drop";
      this.#saidMs = nowMs;
      return "drop-and-say";
    }
    this.#records -= 1;
    this.#bytes -= sizeBytes;
    this.#recordsInAll += 1;
    this.#bytesInAll += sizeBytes;
    return "keep";
  }

  #refill(nowMs: number): void {
    // A clock that was put back refills nothing.
    const seconds = Math.max(0, nowMs - this.#refilledMs) / 1_000;
    this.#refilledMs = nowMs;
    const { logRecords, logRecordsPerSecond, logBytes, logBytesPerSecond } = attemptLimits;
    this.#records = Math.min(logRecords, this.#records + seconds * logRecordsPerSecond);
    this.#bytes = Math.min(logBytes, this.#bytes + seconds * logBytesPerSecond);
  }
}
