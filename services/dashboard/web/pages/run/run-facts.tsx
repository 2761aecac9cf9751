import { Link } from "@tanstack/react-router";
import type { Run } from "@windlass/proto";
import type { ReactNode } from "react";
import { msOf } from "../../format/moments.ts";
import { Duration } from "../../parts/duration.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Tags } from "../../parts/tags.tsx";
import { Time } from "../../parts/time.tsx";

/** What is known about a run beside what went in and came out. */
export function RunFacts({ run }: { readonly run: Run }) {
  const createMs = msOf(run.createTime);
  const startMs = msOf(run.startTime);
  const dueMs = msOf(run.dueTime);
  return (
    <Panel title="About">
      <Facts
        facts={[
          ["Triggered", <Time key="t" ms={createMs} />],
          ["Waited to start", <Duration key="w" fromMs={createMs} toMs={startMs ?? msOf(run.finishTime)} />],
          ["Duration", <Duration key="d" fromMs={startMs} toMs={msOf(run.finishTime)} />],
          ["Due", dueMs === undefined ? undefined : <Time key="due" ms={dueMs} as="distance" />],
          ["Attempt", run.attemptNumber === 0 ? undefined : `${run.attemptNumber} of ${run.maxAttempts}`],
          ["Queue", run.queue],
          ["Version", run.version],
          ["Machine", run.machine],
          [
            "Tags",
            run.tags.length > 0 || run.isTest ? <Tags key="tags" tags={run.tags} isTest={run.isTest} /> : undefined,
          ],
          ["Parent run", runLink(run.parentRunId)],
          ["Root run", run.rootRunId === run.parentRunId ? undefined : runLink(run.rootRunId)],
          ["Replay of", runLink(run.replayOfRunId)],
          ["Schedule", run.scheduleId],
          ["Trace", traceId(run.traceparent)],
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

/** "00-<trace>-<span>-<flags>" */
function traceId(traceparent: string): ReactNode {
  const id = traceparent.split("-")[1];
  return id === undefined ? undefined : <code>{id}</code>;
}
