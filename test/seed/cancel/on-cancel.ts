import { tasks } from "@trigger.dev/sdk";

tasks.onCancel(({ ctx, signal }) => {
  console.log("Run cancelled", signal);
});
