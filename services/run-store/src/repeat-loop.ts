import type { Clock, Component, Logger } from "@windlass/chassis";

/** Something done again and again, for as long as the service runs. */
export interface RepeatOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From the end of one turn to the start of the next. */
  readonly intervalMs: number;
  /** Done at once when the loop starts, and after every interval. True: there is more to do, so go on without a pause. A failure is logged and the next turn tries again. */
  readonly turn: (signal: AbortSignal) => Promise<boolean>;
}

/** A loop that never keeps the process alive. `stop` resolves when the turn under way has ended. */
export function createRepeatLoop({ name, clock, logger, intervalMs, turn }: RepeatOptions): Component {
  const stopped = new AbortController();
  let running: Promise<void> | undefined;

  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = clock.setTimeout(wake, intervalMs).unref();
      function wake(): void {
        timer.cancel();
        stopped.signal.removeEventListener("abort", wake);
        resolve();
      }
      stopped.signal.addEventListener("abort", wake, { once: true });
    });

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        if (await turn(stopped.signal)) continue;
      } catch (error) {
        if (!stopped.signal.aborted) logger.warn("a loop's turn failed; it goes on", { loop: name, error });
      }
      if (!stopped.signal.aborted) await rest();
    }
  };

  return {
    name,
    start() {
      running = run();
      return Promise.resolve();
    },
    async stop() {
      stopped.abort(new Error(`${name} was stopped`));
      await running;
    },
  };
}
