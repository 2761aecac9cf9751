/** Closed while whoever is behind it cannot take more: those who pass wait (I10). */
export interface Gate {
  readonly isClosed: boolean;
  close(): void;
  open(): void;
  /** Resolves when it is open. */
  opened(): Promise<void>;
}

export function createGate(): Gate {
  let closed: PromiseWithResolvers<void> | undefined;
  return {
    get isClosed() {
      return closed !== undefined;
    },
    close() {
      closed ??= Promise.withResolvers<void>();
    },
    open() {
      closed?.resolve();
      closed = undefined;
    },
    opened: () => closed?.promise ?? Promise.resolve(),
  };
}
