import { Link } from "@tanstack/react-router";
import type { Run } from "@windlass/proto";
import type { ReactNode } from "react";
import type { RunsSearch } from "../../app/runs-search.ts";
import { msOf } from "../../format/moments.ts";
import { sandboxText } from "../../format/sandbox.ts";
import { Duration } from "../../parts/duration.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Tags } from "../../parts/tags.tsx";
import { Time } from "../../parts/time.tsx";
import { TraceFact } from "./trace-fact.tsx";

/** What is known about a run beside what went in and came out. */
export function RunFacts({ run, sandboxTier }: { readonly run: Run; readonly sandboxTier: string }) {
  const createMs = msOf(run.createTime);
  const startMs = msOf(run.startTime);
  const dueMs = msOf(run.dueTime);
  const expireMs = msOf(run.expireTime);
  const cancelMs = msOf(run.cancelRequestTime);
  return (
    <Panel title="About">
      <Facts
        facts={[
          ["Triggered", <Time key="t" ms={createMs} />],
          ["Waited to start", <Duration key="w" fromMs={createMs} toMs={startMs ?? msOf(run.finishTime)} />],
          ["Duration", <Duration key="d" fromMs={startMs} toMs={msOf(run.finishTime)} />],
          ["Due", dueMs === undefined ? undefined : <Time key="due" ms={dueMs} as="distance" />],
          ["Attempt", run.attemptNumber === 0 ? undefined : `${run.attemptNumber} of ${run.maxAttempts}`],
          ["Queue", listLink({ queue: run.queue }, run.queue)],
          ["Version", listLink({ version: run.version }, run.version)],
          ["Machine", run.machine],
          ["Sandbox", sandboxText(sandboxTier)],
          [
            "Tags",
            run.tags.length > 0 || run.isTest ? (
              <Tags key="tags" tags={run.tags} isTest={run.isTest} wraps />
            ) : undefined,
          ],
          ["Parent run", runLink(run.parentRunId)],
          ["Root run", run.rootRunId === run.parentRunId ? undefined : runLink(run.rootRunId)],
          ["Replay of", runLink(run.replayOfRunId)],
          ["Schedule", scheduleLink(run.scheduleId)],
          ["Trace", run.traceparent === "" ? undefined : <TraceFact key="trace" traceparent={run.traceparent} />],
          [
            "Expires",
            expireMs === undefined || startMs !== undefined ? undefined : <Time key="e" ms={expireMs} as="distance" />,
          ],
          ["Cancel asked for", cancelMs === undefined ? undefined : <Time key="c" ms={cancelMs} />],
        ]}
      />
    </Panel>
  );
}

function runLink(runId: string): ReactNode {
  if (runId === "") return undefined;
  return (
    <Link to="/runs/$runId" params={{ runId }}>
      <code>{runId}</code>
    </Link>
  );
}

/** To the runs that have the same. */
function listLink(search: RunsSearch, text: string): ReactNode {
  if (text === "") return undefined;
  return (
    <Link to="/runs" search={search} title="Runs that have the same">
      {text}
    </Link>
  );
}

function scheduleLink(schedule: string): ReactNode {
  if (schedule === "") return undefined;
  return (
    <Link to="/schedules" search={{ schedule }}>
      <code>{schedule}</code>
    </Link>
  );
}
