import type { DurableMessage, Nats, NatsMessage } from "@windlass/chassis";

/** A NATS in memory: what is published durably reaches every subscriber at once, as one of another replica would. */
export interface FakeNats extends Nats {
  connected: boolean;
  /** What was published durably, in order. */
  readonly published: DurableMessage[];
  /** Lets nothing be acknowledged until the result is called. */
  hold(): () => void;
  /** Hands a message to subscribers. */
  deliver(message: { readonly subject: string; readonly data: Uint8Array }): void;
}

export function createFakeNats(): FakeNats {
  const handlers = new Set<(message: NatsMessage) => void>();
  let held: PromiseWithResolvers<void> | undefined;
  const nats: FakeNats = {
    name: "nats",
    connected: true,
    published: [],
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    publish: () => true,
    ensureStream: () => undefined,
    subscribe(_subject, handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    async publishDurably(messages) {
      if (!nats.connected) throw new Error("there is no connection");
      await held?.promise;
      nats.published.push(...messages);
    },
    hold() {
      const gate = Promise.withResolvers<void>();
      held = gate;
      return () => {
        held = undefined;
        gate.resolve();
      };
    },
    deliver({ subject, data }) {
      for (const handler of handlers) handler({ subject, data, header: () => undefined });
    },
  };
  return nats;
}
