/** A repeatable source of randomness for tests: the same seed gives the same choices. */
export interface Random {
  /** From 0 up to 1. */
  readonly next: () => number;
  /** One of the values. */
  pick<T>(values: readonly [T, ...T[]]): T;
}

/** mulberry32: 32 bits of state, good enough to choose with. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    pick: (values) => values[Math.floor(next() * values.length)] ?? values[0],
  };
}
