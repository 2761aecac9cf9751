import { task } from "@windlass/sdk";

export const both = task({ id: "both", handleError: () => {}, catchError: () => {}, run: async () => {} });
