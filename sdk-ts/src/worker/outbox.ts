import type { MessageInitShape } from "@bufbuild/protobuf";
import { LogLevel, type SessionRequestSchema, type WorkerMessageSchema } from "@windlass/proto";
import type { BidiCall } from "@windlass/proto/grpc";
import { timestampFromMs } from "./protocol-time.ts";

export type WorkerMessageBody = NonNullable<MessageInitShape<typeof WorkerMessageSchema>["body"]>;
type SessionSender = Pick<BidiCall<MessageInitShape<typeof SessionRequestSchema>, unknown>, "send" | "drained">;

/**
 * A frame with one more message than this stays below the 16 MB that a gRPC message may have, even if that message is
 * the largest output.
 */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Logs that wait while the connection is full, or the task does not let the event loop turn. */
const MAX_WAITING_LOG_BYTES = 8 * 1024 * 1024;

interface WaitingMessage {
  readonly body: WorkerMessageBody;
  readonly bytes: number;
}

/**
 * Gathers what the worker has to say and sends it when the event loop turns, so that an attempt which ends in the same
 * turn costs one frame. Log lines that the connection cannot take are dropped and counted; everything else waits.
 */
export class Outbox {
  readonly #sender: SessionSender;
  #waiting: WaitingMessage[] = [];
  #waitingLogBytes = 0;
  /** Handed to the transport, which writes before the event loop turns again; not written if the process ends until then. */
  #inDoubt: readonly WaitingMessage[] = [];
  #droppedLogs = 0;
  #isScheduled = false;
  #isBlocked = false;

  constructor(sender: SessionSender) {
    this.#sender = sender;
  }

  /** `bytes` is about the size of what has no small bound: output, error. */
  push(body: WorkerMessageBody, bytes = 0): void {
    this.#waiting.push({ body, bytes: bytes + 256 });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  pushLog(body: WorkerMessageBody, bytes: number): void {
    if (this.#waitingLogBytes + bytes > MAX_WAITING_LOG_BYTES) {
      this.#droppedLogs += 1;
      return;
    }
    this.#waitingLogBytes += bytes + 256;
    this.push(body, bytes);
  }

  /** The log lines that have not left the process, as text: what one that ends in this moment can still write by itself. */
  unsentLogLines(): string[] {
    return this.#inDoubt.concat(this.#waiting).flatMap(({ body }) => {
      if (body.case !== "log" || body.value.record === undefined) return [];
      const { level, message = "", attributesJson = "" } = body.value.record;
      const [name = "INFO"] = Object.entries(LogLevel).find(([, value]) => value === level) ?? [];
      return [`${name.toLowerCase()} ${message}${attributesJson === "" ? "" : ` ${attributesJson}`}`];
    });
  }

  /** Sends what waits now; for what cannot wait until the event loop turns. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#isBlocked) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#droppedLogs > 0) waiting.push(this.#confessDroppedLogs());
    let sent = 0;
    while (sent < waiting.length && !this.#isBlocked) sent = this.#sendFrame(waiting, sent);
    if (this.#waitingLogBytes > 0) this.#keepUntilWritten(waiting.slice(0, sent));
    this.#waiting = waiting.slice(sent);
    this.#waitingLogBytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #keepUntilWritten(sent: readonly WaitingMessage[]): void {
    this.#inDoubt = this.#inDoubt.concat(sent);
    setImmediate(() => (this.#inDoubt = []));
  }

  /** Sends the messages from `start` that fit one frame; returns where the next frame starts. */
  #sendFrame(messages: readonly WaitingMessage[], start: number): number {
    let end = start;
    let bytes = 0;
    do bytes += messages[end++]!.bytes;
    while (end < messages.length && bytes + messages[end]!.bytes <= MAX_FRAME_BYTES);
    const hasRoom = this.#sender.send({ messages: messages.slice(start, end).map(({ body }) => ({ body })) });
    if (!hasRoom) {
      this.#isBlocked = true;
      void this.#unblockWhenDrained();
    }
    return end;
  }

  async #unblockWhenDrained(): Promise<void> {
    try {
      await this.#sender.drained();
    } catch {
      return; // The session is over, and with it the process.
    }
    this.#isBlocked = false;
    this.flush();
  }

  #confessDroppedLogs(): WaitingMessage {
    const message = `${this.#droppedLogs} log lines were dropped: they came faster than they could be sent.`;
    this.#droppedLogs = 0;
    const record = { level: LogLevel.WARN, message };
    return { body: { case: "log", value: { time: timestampFromMs(Date.now()), record } }, bytes: 256 };
  }
}
