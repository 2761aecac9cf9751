import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { notReady } from "../failures/index.ts";

/**
 * Counts JetStream's acknowledgements. Every message asks for its own, as it must: the server may refuse one and take the
 * next. They all answer to one inbox and are counted per batch, which costs 6 us of CPU a message where a request each
 * costs 42 us.
 */
export interface Acknowledgements {
  /** Expects `count` answers; send the messages with `reply`. */
  expect(count: number): { reply: string; acknowledged: Promise<void>; cancel: (reason: unknown) => void };
  /** Fails all that is expected. */
  close(reason: unknown): void;
}

interface Batch {
  left: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export function createAcknowledgements(connection: NatsConnection): Acknowledgements {
  const inbox = createInbox();
  const batches = new Map<string, Batch>();
  let lastBatch = 0;
  connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      const batch = batches.get(message.subject);
      if (batch === undefined) return;
      const refusal = error ?? refusalIn(message);
      if (refusal !== undefined) batch.reject(refusal);
      else if ((batch.left -= 1) === 0) batch.resolve();
    },
  });
  return {
    expect(count) {
      const reply = `${inbox}.${(lastBatch += 1)}`;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      batches.set(reply, { left: count, resolve, reject });
      return { reply, acknowledged: promise.finally(() => batches.delete(reply)), cancel: reject };
    },
    close(reason) {
      for (const { reject } of batches.values()) reject(reason);
    },
  };
}

function refusalIn(message: Msg): Error | undefined {
  // Nobody listens on the subject: JetStream is off, or no stream takes it yet.
  if (message.headers?.code === 503) return notReady("No NATS stream takes the message.");
  try {
    const answer = message.json<{ error?: { description?: string } }>();
    return answer.error === undefined ? undefined : notReady(`NATS refused a message: ${answer.error.description}.`);
  } catch (error) {
    return notReady("NATS answered what is no acknowledgement.", error);
  }
}
