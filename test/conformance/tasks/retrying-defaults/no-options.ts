import { task } from "@windlass/sdk";
import { said } from "../said.ts";

/** Says nothing about retrying, and there is no config that does. */
export const noOptions = task({
  id: "no-options",
  handleError: ({ retry, retryDelayInMs }) => said("handleError", { retry, delay: retryDelayInMs ?? "none" }),
  run: async () => {
    throw new Error("as asked");
  },
});
