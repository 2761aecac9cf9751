// The microservice chassis: one folder per concern, each the only importer of its driver.
export * from "./batching/index.ts";
export * from "./clock/index.ts";
export * from "./config/index.ts";
export * from "./failures/index.ts";
export * from "./grpc/index.ts";
export * from "./http/index.ts";
export * from "./lifecycle/index.ts";
export * from "./nats/index.ts";
export * from "./postgres/index.ts";
export * from "./telemetry/index.ts";
