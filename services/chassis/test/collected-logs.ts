import { createLogger, type Logger } from "@windlass/chassis";

/** A logger whose lines a test can look at. */
export function collectLogs(): { logger: Logger; lines: Record<string, unknown>[]; messages: () => unknown[] } {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    service: "test",
    level: "debug",
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  return { logger, lines, messages: () => lines.map(({ msg }) => msg) };
}
