import { task } from "@windlass/sdk";

function cycle(): unknown {
  const value: { inner: { outer?: unknown } } = { inner: {} };
  value.inner.outer = value;
  return value;
}

const outputs = {
  "a function": () => ({ list: [1, { callback: () => {} }] }),
  "a symbol": () => ({ list: [1, { symbol: Symbol("s") }] }),
  "a stream": () => ({ list: [1, { stream: new ReadableStream() }] }),
  "a cycle": cycle,
  "20 MB": () => "x".repeat(20 * 1024 * 1024),
  "a BigInt": () => ({ big: 12345678901234567890n }),
} satisfies Record<string, () => unknown>;

export const returnsValue = task({
  id: "returns-value",
  retry: { maxAttempts: 1 },
  run: async ({ value }: { value: keyof typeof outputs }) => outputs[value](),
});
