export { createBatcher } from "./batcher.ts";
export type { Batcher, BatcherOptions } from "./batcher.ts";
