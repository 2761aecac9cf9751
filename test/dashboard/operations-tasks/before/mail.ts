import { task } from "@trigger.dev/sdk";

/** The next version has it no longer. */
export const sendPostcard = task({ id: "send-postcard", machine: "micro", run: () => undefined });
