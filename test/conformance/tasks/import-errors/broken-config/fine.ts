import { task } from "@windlass/sdk";

export const fine = task({ id: "fine", run: async () => {} });
