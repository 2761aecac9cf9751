import type { RunDescription } from "../task/active-attempt.ts";
import type { Outbox } from "./outbox.ts";

/** A run has no room for more. */
const MAX_TAGS = 10;

/** Gathers what the task says anew about its run, and sends it when the event loop turns: only the last metadata counts. */
export class Description {
  readonly #runId: string;
  readonly #outbox: Outbox;
  #metadata: RunDescription["metadata"];
  #tags = new Set<string>();
  #scheduled: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(runId: string, outbox: Outbox) {
    this.#runId = runId;
    this.#outbox = outbox;
  }

  /** Does nothing once closed: what an attempt left behind describes no run. */
  update({ metadata, addTags = [] }: RunDescription): void {
    if (this.#isClosed) return;
    this.#metadata = metadata ?? this.#metadata;
    for (const tag of addTags) this.#tags.add(tag);
    this.#scheduled ??= setImmediate(() => this.send());
  }

  /** Sends what has been gathered, if anything; for what must not come after something else. */
  send(): void {
    if (this.#scheduled === undefined) return;
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const metadata = this.#metadata;
    const update = { addTags: [...this.#tags].slice(0, MAX_TAGS), ...(metadata === undefined ? {} : { metadata }) };
    this.#metadata = undefined;
    this.#tags = new Set();
    this.#outbox.push({ case: "describeRun", value: { runId: this.#runId, update } }, metadata?.data.length ?? 0);
  }

  /** Sends what has been gathered, and nothing any more. */
  close(): void {
    this.send();
    this.#isClosed = true;
  }
}
