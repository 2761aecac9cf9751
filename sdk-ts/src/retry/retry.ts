import { retryFetch } from "./fetch.ts";
import { onThrow } from "./on-throw.ts";

/** Tries again inside of a run, without failing its attempt. Waits happen in the process, and count as run time. */
export const retry = { onThrow, fetch: retryFetch };
