/** Requests to end, by Ctrl-C, kill or a closed terminal. */
export interface Interrupts {
  /** Resolves with the first. */
  readonly first: Promise<NodeJS.Signals>;
  /** Calls back on every further one. */
  onAgain(listener: () => void): void;
}

/** Listens from now on; without this, the first request would end the process at once and leave the stopping to watchers. */
export function listenForInterrupts(): Interrupts {
  const again: (() => void)[] = [];
  const { promise: first, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let seen = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (seen) for (const listener of again) listener();
      seen = true;
      resolve(signal);
    });
  }
  return { first, onAgain: (listener) => void again.push(listener) };
}
