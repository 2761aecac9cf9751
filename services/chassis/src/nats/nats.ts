import { headers, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { type Clock, systemClock } from "../clock/index.ts";
import { notReady } from "../failures/index.ts";
import type { Component } from "../lifecycle/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type Acknowledgements, createAcknowledgements } from "./acknowledgements.ts";
import { natsConnectionOptions } from "./connection-options.ts";
import { keepConnected } from "./reconnect.ts";
import { ensureStreamExists, type StreamOptions } from "./stream.ts";

export interface NatsMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** First value of a header. */
  header(name: string): string | undefined;
}

export interface DurableMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Sent as Nats-Msg-Id: the stream drops a second message of that id that comes soon after the first. */
  readonly id: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Hints between processes, and a record for outside consumers. It may be away at any time, for any time (I9): nothing waits
 * for it, and what is published meanwhile is not kept.
 */
export interface Nats extends Component {
  readonly connected: boolean;
  /** Sends a hint, at most once. False: not sent, because there is no connection or it is too slow. */
  publish(subject: string, data: Uint8Array, headers?: Readonly<Record<string, string>>): boolean;
  /**
   * Resolves when a JetStream stream has stored every message, at least once. Throws UNAVAILABLE, NOT_READY without a
   * connection, when it breaks, when a message is refused or not acknowledged in time, and then each message may or may not
   * be stored: publish all again. Throws the signal's reason when it aborts.
   */
  publishDurably(messages: readonly DurableMessage[], signal?: AbortSignal): Promise<void>;
  /** Calls `handler` for every message of others on `subject`, on this and every later connection, until the result is called. */
  subscribe(subject: string, handler: (message: NatsMessage) => void): () => void;
  /** Makes the stream if it is missing, on this and every later connection. */
  ensureStream(stream: StreamOptions): void;
}

export interface NatsOptions {
  /** `nats://host:port`, several of one cluster. */
  readonly urls: readonly string[];
  /** What the server calls us. */
  readonly name: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Messages in flight to JetStream; the next follow when these are acknowledged. */
const durableBatch = 1_000;
const acknowledgeLimitMs = 5_000;
/** Bytes of hints the server has not confirmed to have read; beyond, hints are dropped (I10). */
const maxUnconfirmedBytes = 8 << 20;
const confirmEveryBytes = 256 << 10;
/** About what a message takes on the wire besides subject and data. */
const overheadBytes = 32;
const stopLimitMs = 2_000;

interface Registration {
  readonly subject: string;
  readonly handler: (message: NatsMessage) => void;
  subscription: Subscription | undefined;
}

/** Builds the client. `start` does not wait for NATS; `stop` sends what waits, for at most 2 s. */
export function createNats(options: NatsOptions): Nats {
  const { urls, name, logger, clock = systemClock } = options;
  const stopped = new AbortController();
  const registrations = new Set<Registration>();
  const streams: StreamOptions[] = [];
  let connection: NatsConnection | undefined;
  let acknowledgements: Acknowledgements | undefined;
  let unconfirmedBytes = 0;
  let isConfirming = false;
  let running: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const subscribeOn = (current: NatsConnection, registration: Registration) => {
    const { subject, handler } = registration;
    registration.subscription = current.subscribe(subject, {
      callback: (error, message) => {
        try {
          if (error !== null) throw error;
          handler({ subject: message.subject, data: message.data, header: (key) => headerOf(message, key) });
        } catch (cause) {
          logger.error("nats handler failed", { subject, error: cause });
        }
      },
    });
  };

  const makeStream = (current: NatsConnection, stream: StreamOptions) => {
    ensureStreamExists(current, stream).catch((error: unknown) => {
      logger.warn("nats stream not made", { stream: stream.name, error });
    });
  };

  const onConnection = (current: NatsConnection | undefined) => {
    connection = current;
    acknowledgements?.close(notReady("The connection to NATS broke."));
    acknowledgements = current && createAcknowledgements(current);
    unconfirmedBytes = 0;
    isConfirming = false;
    if (current === undefined) return;
    for (const registration of registrations) subscribeOn(current, registration);
    for (const stream of streams) makeStream(current, stream);
  };

  /** Counts bytes sent, and counts them off when the server has answered a ping that was sent after them. */
  const confirm = (current: NatsConnection, bytes: number) => {
    unconfirmedBytes += bytes;
    if (isConfirming || unconfirmedBytes < confirmEveryBytes) return;
    isConfirming = true;
    const confirming = unconfirmedBytes;
    current.flush().then(
      () => {
        if (current !== connection) return;
        unconfirmedBytes -= confirming;
        isConfirming = false;
      },
      () => undefined, // The connection has ended; onConnection starts the count anew.
    );
  };

  const publishBatch = async (batch: readonly DurableMessage[], signal: AbortSignal | undefined) => {
    if (connection === undefined || acknowledgements === undefined) throw notReady("There is no connection to NATS.");
    const { reply, acknowledged, cancel } = acknowledgements.expect(batch.length);
    const onAbort = () => cancel(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const limit = clock.setTimeout(() => {
      cancel(notReady(`NATS did not acknowledge ${batch.length} messages within ${acknowledgeLimitMs} ms.`));
    }, acknowledgeLimitMs);
    try {
      for (const { subject, data, id, headers: fields } of batch) {
        connection.publish(subject, data, { reply, headers: toHeaders({ ...fields, "Nats-Msg-Id": id }) });
      }
    } catch (error) {
      cancel(error);
    }
    try {
      await acknowledged;
    } finally {
      limit.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  };

  const stop = async () => {
    stopped.abort(new Error("NATS was stopped"));
    const limit = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => {
      logger.warn("nats did not take the last messages", { limitMs: stopLimitMs });
      limit.resolve(connection?.close());
    }, stopLimitMs);
    await Promise.race([running, limit.promise]);
    timer.cancel();
  };

  return {
    name: "nats",
    start: () => {
      const connectionOptions = natsConnectionOptions(urls, name);
      running ??= keepConnected({ connection: connectionOptions, logger, clock, signal: stopped.signal, onConnection });
      return Promise.resolve();
    },
    stop: () => (stopping ??= stop()),
    get connected() {
      return connection !== undefined;
    },
    publish(subject, data, fields) {
      if (connection === undefined || unconfirmedBytes > maxUnconfirmedBytes) return false;
      connection.publish(subject, data, fields && { headers: toHeaders(fields) });
      confirm(connection, subject.length + data.length + overheadBytes);
      return true;
    },
    async publishDurably(messages, signal) {
      for (let start = 0; start < messages.length; start += durableBatch) {
        signal?.throwIfAborted();
        await publishBatch(messages.slice(start, start + durableBatch), signal);
      }
    },
    subscribe(subject, handler) {
      const registration: Registration = { subject, handler, subscription: undefined };
      registrations.add(registration);
      if (connection !== undefined) subscribeOn(connection, registration);
      return () => {
        registrations.delete(registration);
        registration.subscription?.unsubscribe();
      };
    },
    ensureStream(stream) {
      streams.push(stream);
      if (connection !== undefined) makeStream(connection, stream);
    },
  };
}

/** The driver answers "" for a header that is not there. */
function headerOf({ headers: fields }: Msg, key: string): string | undefined {
  return fields?.has(key) === true ? fields.get(key) : undefined;
}

function toHeaders(fields: Readonly<Record<string, string>>): MsgHdrs {
  const result = headers();
  for (const [key, value] of Object.entries(fields)) result.set(key, value);
  return result;
}
