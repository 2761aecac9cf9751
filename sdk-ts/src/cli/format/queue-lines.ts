import type { QueueSnapshot } from "../../queue/queue-snapshot.ts";
import type { Output } from "../output.ts";
import { factLines, headedTable } from "./fact-lines.ts";
import { oneLine } from "./plain-text.ts";
import { tableLines } from "./table.ts";

/** A table of queues. */
export function queueTable(queues: readonly QueueSnapshot[], style: Output["style"]): string[] {
  const rows = queues.map((queue) => [
    oneLine(queue.id, 80),
    queue.paused ? "paused" : "",
    String(queue.queued),
    String(queue.running),
    limitText(queue) ?? "",
    queue.oldestQueuedAt?.toISOString() ?? "",
  ]);
  return headedTable(tableLines([["QUEUE", "STATE", "QUEUED", "RUNNING", "LIMIT", "OLDEST"], ...rows]), style);
}

/** Everything about one queue. */
export function queueLines(queue: QueueSnapshot, style: Output["style"]): string[] {
  const { rateLimit } = queue;
  return factLines(
    [
      ["queue", oneLine(queue.id)],
      ["state", queue.paused ? style("yellow", "paused") : undefined],
      ["queued", String(queue.queued)],
      ["running", String(queue.running)],
      ["oldest", queue.oldestQueuedAt?.toISOString()],
      ["limit", limitText(queue)],
      [
        "rate",
        rateLimit === undefined
          ? undefined
          : `${rateLimit.limit} per ${rateLimit.periodMs / 1_000} s${rateLimit.perKey ? " and concurrency key" : ""}`,
      ],
      ["length", queue.maxLength === undefined ? undefined : `at most ${queue.maxLength}`],
    ],
    style,
  );
}

function limitText({ concurrencyLimit, declaredConcurrencyLimit, isOverridden }: QueueSnapshot): string | undefined {
  if (!isOverridden) return concurrencyLimit === undefined ? undefined : String(concurrencyLimit);
  return `${concurrencyLimit} (overrides ${declaredConcurrencyLimit ?? "none"})`;
}
