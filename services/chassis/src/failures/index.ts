export { notReady, overloaded } from "./failures.ts";
