import { locals, task, tasks } from "@windlass/sdk";
import { said } from "../said.ts";

interface Connection {
  readonly uses: string[];
}

const ConnectionLocal = locals.create<Connection>("connection");
const MissingLocal = locals.create<string>("a key that nobody sets");

tasks.middleware("connection", async ({ next }) => {
  said("before", { found: locals.get(ConnectionLocal) !== undefined });
  locals.set(ConnectionLocal, { uses: ["middleware"] });
  await next();
  said("after", { ...locals.getOrThrow(ConnectionLocal) });
});
tasks.onStart(() => void locals.getOrThrow(ConnectionLocal).uses.push("global hook"));

export const usesLocals = task({
  id: "uses-locals",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false },
  init: () => void locals.getOrThrow(ConnectionLocal).uses.push("task hook"),
  run: async ({ failures }: { failures: number }, { ctx }) => {
    locals.getOrThrow(ConnectionLocal).uses.push("run");
    if (ctx.attempt.number <= failures) throw new Error("as asked");
  },
  cleanup: () => void locals.getOrThrow(ConnectionLocal).uses.push("cleanup"),
});

export const missesLocals = task({
  id: "misses-locals",
  retry: { maxAttempts: 1 },
  run: async () => {
    said("get", { type: typeof locals.get(MissingLocal) });
    return locals.getOrThrow(MissingLocal);
  },
});
