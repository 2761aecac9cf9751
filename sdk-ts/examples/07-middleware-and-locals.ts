// Middleware wraps everything else of an attempt. What it opens it puts into locals, where hooks and run find it: each
// attempt has a store of its own. Middleware for every task is registered with `tasks.middleware(name, fn)` in init.ts.
import { locals, logger, task } from "@windlass/sdk";

interface Connection {
  readonly openedFor: string;
  readonly queries: string[];
}

const connectionKey = locals.create<Connection>("connection");

/** For whatever is called by hooks and run; throws an error that names the key when no middleware has opened one. */
function query(sql: string): number {
  return locals.getOrThrow(connectionKey).queries.push(sql);
}

export const withConnection = task({
  id: "with-connection",
  middleware: async ({ ctx, next }) => {
    const connection = locals.set(connectionKey, { openedFor: ctx.run.id, queries: [] });
    try {
      // Resolves when everything inside is over, also when the attempt has failed.
      await next();
    } finally {
      logger.info("connection closed", { queries: connection.queries });
    }
  },
  onStart: () => void query("BEGIN"),
  run: async (payload: { rows: number }) => {
    for (let row = 1; row <= payload.rows; row++) query(`INSERT ${row}`);
    return { queries: query("COMMIT") };
  },
});
