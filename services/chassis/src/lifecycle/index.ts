export type { Component } from "./component.ts";
export { runService } from "./run-service.ts";
export { createService } from "./service.ts";
export type { Service, ServiceOptions } from "./service.ts";
