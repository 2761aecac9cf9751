/**
 * Something long-lived: a server, a pool, a loop. A service is a list of them, started in order and stopped in reverse.
 */
export interface Component {
  /** What the logs call it. */
  readonly name: string;
  /** Resolves when it works; rejects when it cannot. Called at most once. */
  start(): Promise<void>;
  /** Takes no new work and resolves when what it had is done or given back. When the signal aborts, it gives up at once. */
  drain?(signal: AbortSignal): Promise<void>;
  /**
   * Releases everything: no timer, socket or promise is left when it resolves.
   * May be called before start, while start is pending (which then settles), and again.
   */
  stop(): Promise<void>;
}
