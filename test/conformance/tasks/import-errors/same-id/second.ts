import { task } from "@windlass/sdk";

export const second = task({ id: "twice", run: async () => {} });
