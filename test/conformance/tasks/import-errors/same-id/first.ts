import { task } from "@windlass/sdk";

export const first = task({ id: "twice", run: async () => {} });
