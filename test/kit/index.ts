export { connectToPostgres } from "./connect-to-postgres.ts";
export { createScratchDirectory } from "./scratch-directory.ts";
export { createTestDatabase, type TestDatabase } from "./test-database.ts";
