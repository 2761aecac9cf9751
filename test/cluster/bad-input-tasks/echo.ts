import { task } from "@windlass/sdk";

/** Gives back what it was given. */
export const echo = task({ id: "echo", run: async (payload: unknown) => payload });
