import { tasks } from "@windlass/sdk";
import { said } from "../said.ts";

tasks.middleware("init.ts", async ({ next }) => {
  said("init.ts middleware before");
  await next();
  said("init.ts middleware after");
});
tasks.init("init.ts", () => said("init.ts init"));
tasks.onStart("init.ts", () => said("init.ts onStart"));
tasks.onStartAttempt("init.ts", () => said("init.ts onStartAttempt"));
tasks.onSuccess("init.ts", () => said("init.ts onSuccess"));
tasks.onFailure("init.ts", () => said("init.ts onFailure"));
tasks.onComplete("init.ts", () => said("init.ts onComplete"));
tasks.handleError("init.ts", () => said("init.ts handleError"));
tasks.cleanup("init.ts", () => said("init.ts cleanup"));

// The same name twice, with another between: the second takes the place of the first.
tasks.onStartAttempt("replaced", () => said("the replaced onStartAttempt"));
tasks.onStartAttempt(() => said("unnamed onStartAttempt"));
tasks.onStartAttempt("replaced", () => said("the replacing onStartAttempt"));
