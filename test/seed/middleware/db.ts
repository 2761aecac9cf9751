// Added: `query`, which the snippet of my-task.ts calls, and which this client does not have.
import { locals } from "@trigger.dev/sdk";
import { logger, tasks } from "@trigger.dev/sdk";

// This would be type of your database client here
const DbLocal = locals.create<{
  connect: () => Promise<void>;
  disconnect: () => Promise<void>;
  query: (sql: string) => Promise<void>;
}>("db");

export function getDb() {
  return locals.getOrThrow(DbLocal);
}

export function setDb(db: {
  connect: () => Promise<void>;
  disconnect: () => Promise<void>;
  query: (sql: string) => Promise<void>;
}) {
  locals.set(DbLocal, db);
}

tasks.middleware("db", async ({ ctx, payload, next, task }) => {
  // This would be your database client here
  const db = locals.set(DbLocal, {
    connect: async () => {
      logger.info("Connecting to the database");
    },
    disconnect: async () => {
      logger.info("Disconnecting from the database");
    },
    query: async (sql) => {
      logger.info(`Querying the database: ${sql}`);
    },
  });

  await db.connect();

  await next();

  await db.disconnect();
});

// Disconnect when the run is paused
tasks.onWait("db", async ({ ctx, payload, task }) => {
  const db = getDb();
  await db.disconnect();
});

// Reconnect when the run is resumed
tasks.onResume("db", async ({ ctx, payload, task }) => {
  const db = getDb();
  await db.connect();
});
