import { Link } from "@tanstack/react-router";
import { DebounceMode, type RunOptions } from "@windlass/proto";
import { formatDuration } from "../../format/duration.ts";
import { msIn, msOf } from "../../format/moments.ts";
import { Facts } from "../../parts/facts.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";

/** What a run was triggered with beside its payload. */
export function RunOptionsPanel({ options }: { readonly options: RunOptions }) {
  const { batchId, debounce, startTime } = options;
  return (
    <Panel title="Options of the trigger">
      <Facts
        facts={[
          ["Start time", startTime === undefined ? undefined : <Time key="start" ms={msOf(startTime)} />],
          ["TTL", duration(msIn(options.ttl))],
          ["Priority", options.priority === 0 ? undefined : `${options.priority} s`],
          ["Concurrency key", options.concurrencyKey],
          ["Longest duration", duration(options.maxDurationSeconds * 1_000)],
          ["Machine", options.machine],
          ["Version", options.version],
          ["Idempotency key", options.idempotencyKey],
          ["It holds for", duration(msIn(options.idempotencyKeyTtl))],
          [
            "Batch",
            batchId === "" ? undefined : (
              <Link key="batch" to="/runs" search={{ batch: batchId }}>
                <code>{batchId}</code>
              </Link>
            ),
          ],
          ["Debounce key", debounce?.key],
          ["Debounce delay", duration(msIn(debounce?.delay))],
          [
            "Debounce keeps",
            debounce && (debounce.mode === DebounceMode.TRAILING ? "the last payload" : "the first payload"),
          ],
          ["Debounced at most", duration(msIn(debounce?.maxDelay))],
        ]}
      />
    </Panel>
  );
}

/** Whether anything was given. */
export function hasOptions(options: RunOptions | undefined): options is RunOptions {
  if (options === undefined) return false;
  const { $typeName: _, ...given } = options;
  return Object.values(given).some((value) => value !== undefined && value !== "" && value !== 0);
}

function duration(ms: number | undefined): string | undefined {
  return ms === undefined || ms === 0 ? undefined : formatDuration(ms);
}
