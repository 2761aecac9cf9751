// Every table of the cluster is in src/store/schema, a file for each thing that tables are about; the run-store is the only program that opens this database. Keys lead with the
// environment id, so that tables can be distributed by it. `drizzle-kit generate` writes a migration from what has changed there since the last one; it is edited by hand only for
// what drizzle-kit cannot express: `run_events` partitioned by day, and the storage of bundles.
import { defineConfig } from "drizzle-kit";

export default defineConfig({ dialect: "postgresql", schema: "./src/store/schema/*.ts", out: "./migrations" });
