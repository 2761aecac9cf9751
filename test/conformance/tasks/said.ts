import { logger } from "@windlass/sdk";

/** Tells the test, through the run's timeline, that a place in the code was reached and what it was given. */
export function said(place: string, data: Record<string, unknown> = {}): void {
  logger.info(`> ${place}`, data);
}
