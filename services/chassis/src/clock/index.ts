export * from "./clock.ts";
export * from "./fake-clock.ts";
export * from "./system-clock.ts";
