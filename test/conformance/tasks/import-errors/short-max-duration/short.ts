import { task } from "@windlass/sdk";

export const short = task({ id: "short", maxDuration: 4, run: async () => {} });
