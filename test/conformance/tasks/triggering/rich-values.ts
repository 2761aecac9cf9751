import { task } from "@windlass/sdk";

/** One of each kind that JSON does not have. */
export function richValues() {
  return {
    date: new Date("2026-01-02T03:04:05.678Z"),
    map: new Map([["a", new Date(0)]]),
    set: new Set([1, 2, 3]),
    bigInt: 12345678901234567890n,
    url: new URL("https://example.com/path?query=1"),
    regExp: /ab+c/giu,
    error: new RangeError("kept"),
    nothing: undefined,
  };
}

/** Says of what kind everything arrived, and gives it back. */
export const takesRichValues = task({
  id: "takes-rich-values",
  run: async (payload: ReturnType<typeof richValues>) => ({
    kinds: {
      date: payload.date instanceof Date && payload.date.getTime(),
      map: payload.map instanceof Map && payload.map.get("a") instanceof Date,
      set: payload.set instanceof Set && payload.set.has(3),
      bigInt: typeof payload.bigInt,
      url: payload.url instanceof URL && payload.url.host,
      regExp: payload.regExp instanceof RegExp && String(payload.regExp),
      error: payload.error instanceof Error && payload.error.message,
      hasNothing: "nothing" in payload && payload.nothing === undefined,
    },
    payload,
  }),
});
