import type { Service } from "./service.ts";

/** When whoever started us is gone, nobody waits for a long drain any more. */
const orphanDrainMs = 5_000;
/** After the drain; a component that has not stopped by then never will. */
const stopLimitMs = 10_000;
const keepAliveMs = 3_600_000;

/**
 * The whole life of a service's process, for main.ts.
 * SIGTERM or SIGINT: drains for at most `drainTimeoutMs`, stops, exits 0. The same signal again: exits 1 at once.
 * With WINDLASS_EXIT_WITH_PARENT=1 the end of standard input counts as SIGTERM, with a shorter drain: the system closes
 * that pipe even when the starter dies by kill -9. A failed start, an uncaught exception or an unhandled rejection is
 * logged and exits 1: durable state is in the store, so starting again is the repair.
 */
export async function runService(service: Service): Promise<never> {
  const { logger } = service;
  process.on("uncaughtException", (error, origin) => {
    logger.error("crashed", { origin, error });
    process.exit(1);
  });
  // Signals do not keep a process alive; a service whose components hold no socket or timer just then must still wait for one.
  setInterval(() => undefined, keepAliveMs);
  const stopAsked = stopRequest(service);
  const failed = service.start().then(
    () => {
      logger.info("started", { startMs: Math.round(performance.now()) });
      return stopAsked;
    },
    (error: unknown) => ({ startError: error }),
  );
  const end = await Promise.race([stopAsked, failed]);
  if ("startError" in end) {
    logger.error("start failed", { error: end.startError });
    process.exit(1);
  }
  logger.info("stopping", { cause: end.cause, drainMs: end.drainMs });
  const deadline = setTimeout(() => {
    logger.error("stop took too long", { limitMs: end.drainMs + stopLimitMs });
    process.exit(1);
  }, end.drainMs + stopLimitMs);
  await service.drain(AbortSignal.timeout(end.drainMs));
  const exitCode = await service.stop().then(
    () => 0,
    () => 1,
  );
  clearTimeout(deadline);
  logger.info("stopped");
  process.exit(exitCode);
}

interface StopRequest {
  readonly cause: string;
  readonly drainMs: number;
}

/** Resolves when the process is asked to stop. */
function stopRequest({ logger, drainTimeoutMs }: Service): Promise<StopRequest> {
  return new Promise((resolve) => {
    const seen = new Set<NodeJS.Signals>();
    const onSignal = (signal: NodeJS.Signals) => {
      // Only the same signal twice is impatience: Ctrl-C reaches the whole group, and then the starter sends SIGTERM.
      if (seen.has(signal)) {
        logger.warn("stopped at once", { cause: signal });
        process.exit(1);
      }
      seen.add(signal);
      resolve({ cause: signal, drainMs: drainTimeoutMs });
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    if (process.env["WINDLASS_EXIT_WITH_PARENT"] === "1") {
      const onEnd = () => resolve({ cause: "parent gone", drainMs: Math.min(drainTimeoutMs, orphanDrainMs) });
      process.stdin.on("end", onEnd).on("close", onEnd).on("error", onEnd).resume();
    }
  });
}
