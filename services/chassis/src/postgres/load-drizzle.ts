import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * Drizzle is loaded when it is first used, and as CommonJS. As ES modules it took 220 MB and half a second (Node 26, drizzle
 * 0.45): for each of its 150 files Node reads anew the package's 180 kB of exports. As CommonJS it takes 15 MB and 60 ms.
 */
export function loadDrizzle(): typeof import("drizzle-orm/node-postgres") {
  return require("drizzle-orm/node-postgres") as typeof import("drizzle-orm/node-postgres");
}

/** Drizzle's migrator, likewise. */
export function loadMigrator(): typeof import("drizzle-orm/node-postgres/migrator") {
  return require("drizzle-orm/node-postgres/migrator") as typeof import("drizzle-orm/node-postgres/migrator");
}
