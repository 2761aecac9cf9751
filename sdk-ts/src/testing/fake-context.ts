import type { TaskContext } from "../task/context.ts";

/** The context of attempt `attempt` of `maxAttempts`. */
export function fakeContext(attempt = 1, maxAttempts = 3): TaskContext {
  const now = new Date(0);
  return {
    task: { id: "the-task", filePath: "the-task.ts" },
    attempt: { number: attempt, startedAt: now },
    run: {
      id: "run_1",
      tags: [],
      isTest: false,
      isReplay: false,
      createdAt: now,
      startedAt: now,
      maxAttempts,
      priority: 0,
      version: "1",
    },
    queue: { id: "q", name: "q" },
    environment: { id: "env_1", slug: "dev", type: "DEVELOPMENT" },
    project: { id: "p", ref: "p" },
    machine: { name: "small-1x", cpu: 0.5, memory: 0.5 },
  };
}
