import type { Logger } from "../telemetry/logger.ts";
import type { Component } from "./component.ts";

/** A program: its components in the order in which they start. */
export interface Service extends Component {
  readonly logger: Logger;
  /** How long `runService` lets work in progress end. */
  readonly drainTimeoutMs: number;
  drain(signal: AbortSignal): Promise<void>;
}

export interface ServiceOptions {
  readonly logger: Logger;
  readonly drainTimeoutMs: number;
}

/**
 * Makes one component of many. `start` goes in order; when one fails, those before it are stopped and its error is thrown.
 * `drain` and `stop` go in reverse, so the door closes before the rooms behind it. One that fails to stop is logged, the
 * others are still stopped, and then `stop` throws. A stopped service is not started again: build a new one.
 */
export function createService(name: string, components: readonly Component[], options: ServiceOptions): Service {
  const { logger, drainTimeoutMs } = options;
  const begun: Component[] = [];
  let starting: Promise<void> | undefined;
  let draining: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const startAll = async () => {
    try {
      for (const component of components) {
        begun.push(component);
        await component.start();
        // Stopping stops the component that is just starting, so the loop comes back here at once.
        if (stopping !== undefined) throw new Error(`${name} was stopped while it started`);
      }
    } catch (error) {
      // What fails to stop is in the log; why the start failed is what the caller must hear.
      await Promise.allSettled([service.stop()]);
      throw error;
    }
  };

  const drainAll = async (signal: AbortSignal) => {
    for (const component of begun.toReversed()) {
      try {
        await component.drain?.(signal);
      } catch (error) {
        logger.warn("drain failed", { component: component.name, error });
      }
    }
  };

  const stopAll = async () => {
    const errors: unknown[] = [];
    for (const component of begun.toReversed()) {
      try {
        await component.stop();
      } catch (error) {
        errors.push(error);
        logger.error("stop failed", { component: component.name, error });
      }
    }
    if (errors.length > 0)
      throw new AggregateError(errors, `${name}: ${errors.length} components did not stop cleanly`);
  };

  const service: Service = {
    name,
    logger,
    drainTimeoutMs,
    start() {
      if (stopping !== undefined) return Promise.reject(new Error(`${name} has been stopped`));
      return (starting ??= startAll());
    },
    drain: (signal) => (draining ??= drainAll(signal)),
    stop: () => (stopping ??= stopAll()),
  };
  return service;
}
