import { type CancelPhase, CancelPhase as Phase, type RunEvent, RunStatus } from "@windlass/proto";
import { statusLook } from "../../format/run-status.ts";
import { exactMs } from "./time-scale.ts";

/** What a row of the waterfall is about. "start" is the time between the claim of a run and the beginning of its attempt. */
export type RowKind = "status" | "start" | "attempt" | "hook" | "log" | "cancel" | "wait" | "process" | "other";

/** One row: a moment, or a stretch of time that may still go on. */
export interface WaterfallRow {
  readonly kind: RowKind;
  /** The event that made it; its seq names the row. */
  readonly event: RunEvent;
  /** The event that closed it. */
  readonly endEvent: RunEvent | undefined;
  /** 1 for what lies in an attempt. */
  readonly depth: 0 | 1;
  readonly startMs: number;
  /** Equal to the start for a moment; undefined for what goes on. */
  readonly endMs: number | undefined;
}

/** How long a run was in a status. */
export interface StatusStretch {
  readonly status: RunStatus;
  readonly fromMs: number;
  /** Undefined for the status it is in. */
  readonly toMs: number | undefined;
}

/** A step of a cancel, and when it was reached. */
export interface CancelStep {
  readonly phase: CancelPhase;
  readonly atMs: number;
}

type OpenRow = { -readonly [Key in keyof WaterfallRow]: WaterfallRow[Key] };

/** Statuses that are rows of their own; the others show as attempts, waits and cancel phases. */
const waitingStatuses: ReadonlySet<RunStatus> = new Set([
  RunStatus.DELAYED,
  RunStatus.PENDING_VERSION,
  RunStatus.QUEUED,
  RunStatus.RETRYING,
]);

/**
 * The drawing of a timeline, grown event by event: what an event changes costs the same whether ten or 50,000 came before it. Hooks are told of
 * when they settle, and stand where they began.
 */
export class Waterfall {
  readonly #rows: OpenRow[] = [];
  readonly #statuses: { status: RunStatus; fromMs: number; toMs: number | undefined }[] = [];
  readonly #cancelSteps: CancelStep[] = [];
  readonly #openWaits = new Map<string, OpenRow>();
  #pause: OpenRow | undefined;
  #attempt: OpenRow | undefined;
  #fromMs: number | undefined;
  #toMs = 0;
  #eventCount = 0;
  #changeSeq = 0n;
  #sandboxTier = "";

  get rows(): readonly WaterfallRow[] {
    return this.#rows;
  }

  /** The statuses it has been in, in order. */
  get statuses(): readonly StatusStretch[] {
    return this.#statuses;
  }

  /** The steps of its cancel so far; none unless somebody asked for one. */
  get cancelSteps(): readonly CancelStep[] {
    return this.#cancelSteps;
  }

  /** How the worker of the last attempt is confined; "" before one, and in timelines of earlier releases. */
  get sandboxTier(): string {
    return this.#sandboxTier;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** The last event after which the run itself is another. */
  get changeSeq(): bigint {
    return this.#changeSeq;
  }

  /** When it began; undefined before the first event. */
  get fromMs(): number | undefined {
    return this.#fromMs;
  }

  /** When the last that is known of happened. */
  get toMs(): number {
    return this.#toMs;
  }

  /** The row that an event made or closed; -1 when it has none. */
  rowOfSeq(seq: bigint): number {
    return this.#rows.findIndex(({ event, endEvent }) => event.seq === seq || endEvent?.seq === seq);
  }

  /** Takes the next event of the timeline. */
  add(event: RunEvent): void {
    const atMs = event.time === undefined ? this.#toMs : exactMs(event.time);
    this.#eventCount += 1;
    this.#fromMs ??= atMs;
    this.#toMs = Math.max(this.#toMs, atMs);
    const { body } = event;
    if (body.case !== "log" && body.case !== "hookResult") this.#changeSeq = event.seq;
    switch (body.case) {
      case "statusChanged":
        return this.#addStatus(event, body.value.status, atMs);
      case "attemptStarted":
        this.#closePause(event, atMs);
        this.#sandboxTier = body.value.sandboxTier;
        this.#attempt = this.#push("attempt", event, 0, atMs, undefined);
        return undefined;
      case "attemptEnded":
        return this.#endAttempt(event, atMs);
      case "hookResult": {
        const { startTime, duration } = body.value;
        const startMs = startTime === undefined ? atMs : exactMs(startTime);
        const endMs = duration === undefined ? atMs : startMs + exactMs(duration);
        this.#toMs = Math.max(this.#toMs, endMs);
        return this.#insert({ kind: "hook", event, endEvent: undefined, depth: this.#depth, startMs, endMs });
      }
      case "waitStarted":
        this.#openWaits.set(body.value.wait?.id ?? "", this.#push("wait", event, this.#depth, atMs, undefined));
        return undefined;
      case "waitEnded":
        return this.#endWait(event, body.value.waitId, atMs);
      case "cancelProgress":
        return this.#addCancel(event, body.value.phase, atMs);
      default: {
        const kind = body.case === "log" ? "log" : body.case === "processEnded" ? "process" : "other";
        this.#push(kind, event, this.#depth, atMs, atMs);
        return undefined;
      }
    }
  }

  get #depth(): 0 | 1 {
    return this.#attempt === undefined ? 0 : 1;
  }

  #addStatus(event: RunEvent, status: RunStatus, atMs: number): void {
    const last = this.#statuses.at(-1);
    if (last !== undefined) last.toMs = atMs;
    const { isEnd } = statusLook(status);
    this.#statuses.push({ status, fromMs: atMs, toMs: isEnd ? atMs : undefined });
    this.#closePause(event, atMs);
    if (isEnd) {
      this.#closeAttempt(event, atMs);
      this.#push("status", event, 0, atMs, atMs);
    } else if (waitingStatuses.has(status)) {
      this.#pause = this.#push("status", event, this.#depth, atMs, undefined);
    } else if (status === RunStatus.EXECUTING && this.#attempt === undefined) {
      this.#pause = this.#push("start", event, 0, atMs, undefined);
    }
  }

  #endAttempt(event: RunEvent, atMs: number): void {
    this.#closePause(event, atMs);
    if (this.#attempt === undefined) this.#push("attempt", event, 0, atMs, atMs);
    else this.#closeAttempt(event, atMs);
  }

  #endWait(event: RunEvent, waitId: string, atMs: number): void {
    const wait = this.#openWaits.get(waitId);
    if (wait === undefined) this.#push("wait", event, this.#depth, atMs, atMs);
    else close(wait, event, atMs);
    this.#openWaits.delete(waitId);
  }

  /** A step is drawn as the time that it took to reach it. */
  #addCancel(event: RunEvent, phase: CancelPhase, atMs: number): void {
    const before = this.#cancelSteps.at(-1);
    const startMs = phase === Phase.REQUESTED || before === undefined ? atMs : Math.min(before.atMs, atMs);
    if (before?.phase !== phase) this.#cancelSteps.push({ phase, atMs });
    this.#push("cancel", event, this.#depth, startMs, atMs);
  }

  #closePause(event: RunEvent, atMs: number): void {
    if (this.#pause !== undefined) close(this.#pause, event, atMs);
    this.#pause = undefined;
  }

  #closeAttempt(event: RunEvent, atMs: number): void {
    for (const wait of this.#openWaits.values()) close(wait, event, atMs);
    this.#openWaits.clear();
    if (this.#attempt !== undefined) close(this.#attempt, event, atMs);
    this.#attempt = undefined;
  }

  #push(kind: RowKind, event: RunEvent, depth: 0 | 1, startMs: number, endMs: number | undefined): OpenRow {
    const row: OpenRow = { kind, event, endEvent: undefined, depth, startMs, endMs };
    this.#rows.push(row);
    return row;
  }

  /** Before everything of its attempt that began after it; of what began at the same moment, before all but other hooks. */
  #insert(row: OpenRow): void {
    let place = this.#rows.length;
    for (; place > 0; place -= 1) {
      const { kind, startMs, depth } = this.#rows[place - 1] as OpenRow;
      if (depth < row.depth || kind === "attempt") break;
      if (startMs < row.startMs || (startMs === row.startMs && kind === "hook")) break;
    }
    this.#rows.splice(place, 0, row);
  }
}

function close(row: OpenRow, event: RunEvent, atMs: number): void {
  row.endEvent = event;
  row.endMs = Math.max(row.startMs, atMs);
}
