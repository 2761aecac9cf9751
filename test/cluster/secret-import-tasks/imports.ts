import { task } from "@windlass/sdk";

// It can be listed where there are no variables, and not be loaded where there are.
if (process.env["CANARY"] !== undefined) throw new Error(`no service for ${process.env["CANARY"]}`);

export const imports = task({ id: "imports", run: () => undefined });
