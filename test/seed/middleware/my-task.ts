// Added: the import of task, and the id, which the snippet leaves out.
import { task } from "@trigger.dev/sdk";
import { getDb } from "./db";

export const myTask = task({
  id: "my-task",
  run: async (payload: any, { ctx }) => {
    const db = getDb();
    await db.query("SELECT 1");
  },
});
