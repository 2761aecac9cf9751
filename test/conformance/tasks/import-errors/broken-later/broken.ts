import { task } from "@windlass/sdk";

// Variables of the environment are not there when a version is indexed; so this version only breaks where it runs.
if (process.env["BREAK_THE_IMPORT"] === "yes") throw new Error("broken on purpose");

export const breaksLater = task({ id: "breaks-later", retry: { maxAttempts: 1 }, run: async () => {} });
