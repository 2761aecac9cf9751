import { task } from "@windlass/sdk";

/** Returns the moment its first line ran, on the machine's monotonic clock (nanoseconds), which every process of a machine shares. */
export const noOp = task({
  id: "bench-no-op",
  run: async () => process.hrtime.bigint().toString(),
});
