import { createLeaseStream, type LeaseStream, type LeaseStreamOptions } from "./lease-stream.ts";

/** The streams over which the queue services push leases against our credits: one to each, and each on its own. */
export interface LeaseLoop {
  /** Whether any of them has accepted its stream. */
  readonly isConnected: boolean;
  /** Opens the streams for this supervisor, and opens each again whenever it breaks. */
  open(supervisorId: string): void;
  /** Grants what has become free since. */
  update(): void;
  /** Ends the streams; leases on their way are lost to us, and the heartbeat repairs that. */
  close(): Promise<void>;
  /** Says that no credit follows, and resolves when what was under way has been pushed, or after `limitMs`. */
  finish(limitMs: number): Promise<void>;
}

export type LeaseLoopOptions = Omit<LeaseStreamOptions, "client" | "streams"> & {
  /** One for each queue service. */
  clients: readonly LeaseStreamOptions["client"][];
};

/** Credits are split over the streams that are open; those of one that breaks go to the others with the next grant. */
export function createLeaseLoop({ clients, ...options }: LeaseLoopOptions): LeaseLoop {
  const streams: LeaseStream[] = [];
  for (const client of clients) {
    const stream: LeaseStream = createLeaseStream({
      ...options,
      client,
      streams: () => streams.filter((other) => other === stream || other.isConnected).length,
      onState() {
        options.onState();
        for (const other of streams) if (other !== stream) other.update();
      },
    });
    streams.push(stream);
  }

  return {
    get isConnected() {
      return streams.some(({ isConnected }) => isConnected);
    },
    open(supervisorId) {
      for (const stream of streams) stream.open(supervisorId);
    },
    update() {
      for (const stream of streams) stream.update();
    },
    async close() {
      await Promise.all(streams.map((stream) => stream.close()));
    },
    async finish(limitMs) {
      await Promise.all(streams.map((stream) => stream.finish(limitMs)));
    },
  };
}
