import { task } from "@windlass/sdk";

/** As bench-no-op, with hooks around it. */
export const hooked = task({
  id: "bench-hooked",
  middleware: async ({ next }) => next(),
  init: () => ({ data: 1 }),
  onStart: () => {},
  run: async () => process.hrtime.bigint().toString(),
  onSuccess: () => {},
  onComplete: () => {},
  cleanup: () => {},
});
