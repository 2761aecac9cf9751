export { createNats } from "./nats.ts";
export type { DurableMessage, Nats, NatsMessage, NatsOptions } from "./nats.ts";
export type { StreamOptions } from "./stream.ts";
