import { logger, task } from "@trigger.dev/sdk/v3";
import { importsSdk } from "./sdk.ts";

export const importsSdkV3 = task({
  id: "imports-sdk-v3",
  run: async (payload: { message: string }) => {
    logger.log("from the sdk/v3", { message: payload.message });
    return await importsSdk.triggerAndWait(payload).unwrap();
  },
});
