// Not of the overview: something for the hooks of this folder to surround.
import { task } from "@trigger.dev/sdk";

export const probe = task({
  id: "probe",
  retry: { maxAttempts: 1 },
  run: async (payload: { fail?: boolean }) => {
    if (payload.fail === true) throw new Error("fails as asked");
    return "done";
  },
});
