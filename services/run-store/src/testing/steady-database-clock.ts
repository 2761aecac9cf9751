import type { DatabaseClock } from "../due/database-clock.ts";

/** A database's clock that is never put forward: beside a fake clock that stands still, the real one always seems to be. */
export const STEADY_DATABASE_CLOCK: DatabaseClock = { look: () => Promise.resolve(), graceLeftMs: () => 0 };
