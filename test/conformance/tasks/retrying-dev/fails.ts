import { task } from "@windlass/sdk";
import { said } from "../said.ts";

export const fails = task({
  id: "fails",
  handleError: ({ retryAt }) => said("handleError", { hasDate: retryAt !== undefined }),
  onFailure: () => said("onFailure"),
  run: async () => {
    throw new Error("as asked");
  },
});
