import { type Clock, type Logger, type Timer } from "@windlass/chassis";
import { type CallError, ErrorReason } from "@windlass/proto";
import { backoffMs, type BidiCall } from "@windlass/proto/grpc";

/** Waits for the ends of things that the run-store keeps, over one stream. */
export interface AwaitEnds {
  /**
   * Calls `onEnd` once, when the thing has ended or there is no such thing. Returns what takes that back. Never in the same
   * turn.
   */
  watch(id: string, onEnd: () => void): () => void;
  close(): Promise<void>;
}

/** What a stream says of one thing that was named: it has ended, or why that will never be told. */
export interface AwaitedEnd {
  readonly id: string;
  readonly error: CallError | undefined;
}

/** As many as one message may name. */
const maxNamed = 1_000;
/** How many things that nobody awaits any more the other side may go on watching, before the stream is opened anew without them. */
const maxAbandoned = 1_000;
/** How long a stream that awaits nothing stays open for the next. */
const idleMs = 10_000;
/** After the other side was too busy to take a name. */
const nameAgainMs = 1_000;

/**
 * Opens the stream when there is something to await, names everything again after a break, and closes it when there has been
 * nothing for a while: then `onIdle` is called, and the next `watch` opens it again.
 */
export function createAwaitEnds<Req, Res>(options: {
  open: (signal: AbortSignal) => BidiCall<Req, Res>;
  /** The message that names these. */
  name: (ids: string[]) => Req;
  endsOf: (message: Res) => readonly AwaitedEnd[];
  onIdle: () => void;
  clock: Clock;
  logger: Logger;
}): AwaitEnds {
  const { open, name, endsOf, onIdle, clock, logger } = options;
  const watched = new Map<string, Set<() => void>>();
  /** Those that the present call has not been told of. */
  let unnamed = new Set<string>();
  const closing = new AbortController();
  let call: BidiCall<Req, Res> | undefined;
  let running: Promise<void> | undefined;
  let isNaming = false;
  let abandoned = 0;
  let rest: Timer | undefined;

  async function run(): Promise<void> {
    let failures = 0;
    while (watched.size > 0 && !closing.signal.aborted) {
      try {
        const opened = open(closing.signal);
        call = opened;
        abandoned = 0;
        unnamed = new Set(watched.keys());
        void nameAll(opened);
        for await (const message of opened.responses) {
          failures = 0;
          for (const end of endsOf(message)) settle(end);
        }
      } catch (error) {
        logger.debug("a stream of awaited ends broke", { error });
      }
      call = undefined;
      if (watched.size === 0) break;
      failures += 1;
      // Rejects only when it is closed, which ends the loop.
      await clock.sleep(backoffMs(failures), closing.signal).catch(() => {});
    }
    running = undefined;
    rest?.cancel();
    onIdle();
  }

  async function nameAll(current: BidiCall<Req, Res>): Promise<void> {
    if (isNaming) return;
    isNaming = true;
    try {
      for (let ids = takeUnnamed(current); ids.length > 0; ids = takeUnnamed(current)) {
        if (!current.send(name(ids))) await current.drained();
      }
    } catch {
      // The call is over: its answers say why, and the next one is told everything.
    } finally {
      isNaming = false;
    }
    if (call !== undefined && call !== current) void nameAll(call);
  }

  function takeUnnamed(current: BidiCall<Req, Res>): string[] {
    if (call !== current) return [];
    const ids = [...unnamed].slice(0, maxNamed);
    for (const id of ids) unnamed.delete(id);
    return ids;
  }

  function settle({ id, error }: AwaitedEnd): void {
    if (error?.reason === ErrorReason.OVERLOADED || error?.reason === ErrorReason.NOT_READY) {
      clock.setTimeout(() => nameAgain(id), nameAgainMs).unref();
      return;
    }
    const tell = watched.get(id);
    if (tell === undefined) return;
    watched.delete(id);
    restIfIdle();
    for (const onEnd of tell) onEnd();
  }

  function nameAgain(id: string): void {
    if (!watched.has(id)) return;
    unnamed.add(id);
    if (call !== undefined) void nameAll(call);
  }

  function restIfIdle(): void {
    if (watched.size > 0) return;
    rest?.cancel();
    rest = clock.setTimeout(() => {
      if (watched.size === 0) call?.cancel();
    }, idleMs);
    rest.unref();
  }

  return {
    watch(id, onEnd) {
      rest?.cancel();
      let tell = watched.get(id);
      if (tell === undefined) {
        tell = new Set();
        watched.set(id, tell);
        unnamed.add(id);
      }
      tell.add(onEnd);
      // Whatever is watched in this turn is named in one message.
      queueMicrotask(() => {
        if (call !== undefined) void nameAll(call);
      });
      running ??= run();
      return () => {
        tell.delete(onEnd);
        if (tell.size > 0 || watched.get(id) !== tell) return;
        watched.delete(id);
        if (!unnamed.delete(id)) abandoned += 1;
        if (abandoned > maxAbandoned) call?.cancel();
        restIfIdle();
      };
    },
    async close() {
      closing.abort();
      rest?.cancel();
      call?.cancel();
      await running;
    },
  };
}
