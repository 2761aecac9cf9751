import { logger, tasks } from "@windlass/sdk";

tasks.init("first", () => ({ from: "init.ts" }));
tasks.onStart("greeter", ({ ctx }) => logger.debug(`started ${ctx.task.id}`));
