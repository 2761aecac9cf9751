import { setTimeout as sleep } from "node:timers/promises";
import { logger, metadata, task, tasks, wait } from "@trigger.dev/sdk";

tasks.onStartAttempt("audit", ({ task: id }) => {
  if (id === "checkout") throw new Error("The audit service is away");
});

const charge = task({
  id: "charge",
  run: async ({ cents }: { cents: number }) => {
    logger.info("charging", { cents });
    await sleep(120);
    return { receipt: `r-${cents}` };
  },
});

const ship = task({
  id: "ship",
  run: async ({ box }: { box: number }) => {
    const { output } = await charge
      .triggerAndWait({ cents: box * 100 })
      .unwrap()
      .then((result) => ({ output: result }));
    return { box, ...output };
  },
});

/** Hooks, logs, a wait, a tree of child runs, and an end after one failed attempt. */
export const checkout = task({
  id: "checkout",
  retry: { maxAttempts: 2, minTimeoutInMs: 300, maxTimeoutInMs: 300, factor: 1 },
  onStart: () => sleep(20),
  onSuccess: () => {
    throw new Error("The mail server refused the receipt");
  },
  run: async ({ order }: { order: number }, { ctx }) => {
    logger.info("order received", { order, lines: 3 });
    metadata.set("progress", 0.25);
    if (ctx.attempt.number === 1) {
      logger.warn("the price service is slow");
      await sleep(150);
      throw new Error("The price service answered 503", { cause: new Error("connect ECONNREFUSED 10.0.0.7:443") });
    }
    await wait.for({ seconds: 1 });
    const boxes = [1, 2, 3].map((box) => ({ payload: { box } }));
    await ship.batchTriggerAndWait(boxes);
    logger.info("<b>shipped</b><script>document.title = 'taken'</script>");
    return { order, boxes: boxes.length };
  },
});

/** Lives until it is told to stop, and says goodbye in a hook. */
export const lingering = task({
  id: "lingering",
  run: async (_: unknown, { signal }) => {
    logger.info("working");
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    await sleep(50);
  },
  onCancel: () => sleep(120),
});

/** Its process ends under it. */
export const dying = task({
  id: "dying",
  retry: { maxAttempts: 1 },
  run: async () => {
    process.stderr.write("out of cheese\n");
    await sleep(50);
    process.exit(7);
  },
});

/** Writes lines in each of its attempts, and fails all but the last: an attempt may not write 50,000 at once. */
export const talkative = task({
  id: "talkative",
  retry: { maxAttempts: 5, minTimeoutInMs: 10, maxTimeoutInMs: 10, factor: 1 },
  run: async ({ linesEach }: { linesEach: number }, { ctx }) => {
    for (let line = 1; line <= linesEach; line += 1) logger.info(`line ${line}`, { line });
    await sleep(1);
    if (ctx.attempt.number < 5) throw new Error("once more");
  },
});

/** Has 300 children. */
export const parent = task({
  id: "parent",
  run: async ({ children }: { children: number }) => {
    const items = Array.from({ length: children }, (_, index) => ({ payload: { index } }));
    await leaf.batchTriggerAndWait(items);
  },
});

const leaf = task({ id: "leaf", run: async ({ index }: { index: number }) => index });

/** A task that nobody's queue lets begin. */
export const held = task({
  id: "held",
  queue: { concurrencyLimit: 1 },
  run: (_: unknown, { signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
});

export { charge, leaf, ship };
