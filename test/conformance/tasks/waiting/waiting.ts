import { task, tasks, wait } from "@windlass/sdk";
import { said } from "../said.ts";

tasks.onWait("global", ({ wait }) => said("global onWait", { wait }));
tasks.onResume("global", ({ wait }) => said("global onResume", { wait }));

type For = Parameters<typeof wait.for>[0];

export const waitsFor = task({
  id: "waits-for",
  onWait: ({ wait }) => said("task onWait", { wait, now: new Date() }),
  onResume: ({ wait }) => said("task onResume", { wait, now: new Date() }),
  run: async ({ duration }: { duration: For }) => {
    const kept = { list: [1, 2, 3], at: performance.timeOrigin };
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 50);
    said("before", { pid: process.pid });
    await wait.for(duration);
    clearInterval(ticking);
    said("after", { pid: process.pid });
    return { kept, isSameProcess: kept.at === performance.timeOrigin, ticks };
  },
});

export const waitsUntil = task({
  id: "waits-until",
  onWait: ({ wait }) => said("task onWait", { wait }),
  run: async ({ date }: { date: Date }) => {
    await wait.until({ date });
    return { late: Date.now() - date.getTime() };
  },
});

export const waitsTwiceAtOnce = task({
  id: "waits-twice-at-once",
  retry: { maxAttempts: 1 },
  run: async () => {
    const settled = await Promise.allSettled([wait.for({ seconds: 6 }), wait.for({ seconds: 6 })]);
    return settled.map((one) => (one.status === "fulfilled" ? "waited" : String(one.reason)));
  },
});

export const waitsAndIsKilled = task({
  id: "waits-and-is-killed",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 },
  run: async (_: unknown, { ctx }) => {
    said(`attempt ${ctx.attempt.number}`, { pid: process.pid });
    if (ctx.attempt.number === 1) await wait.for({ seconds: 60 });
    return ctx.attempt.number;
  },
});

export const quick = task({ id: "quick", run: async () => "quick" });
