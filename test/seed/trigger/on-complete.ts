// The snippet reads `result`, which its parameters do not name, and ends before it has closed the hook and has a run function.
// Added: `result` to the parameters, the closing brace, run.
import { task } from "@trigger.dev/sdk";

export const taskWithOnComplete = task({
  id: "task-with-on-complete",
  onComplete: async (payload, output, { ctx, result }) => {
    if (result.ok) {
      console.log("Run succeeded", result.data);
    } else {
      console.log("Run failed", result.error);
    }
  },
  run: async (payload: any, { ctx }) => {
    //...
  },
});
