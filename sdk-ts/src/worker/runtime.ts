// What the bundler puts beside the tasks: the SDK that they import, and what executes them.
export * from "../index.ts";
export { reportConfig } from "./report-config.ts";
export { startWorker } from "./start-worker.ts";
