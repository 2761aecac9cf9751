import { Link } from "@tanstack/react-router";
import type { Run } from "@windlass/proto";
import type { ReactNode } from "react";
import { msOf } from "../../format/moments.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Duration } from "../../parts/duration.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Tags } from "../../parts/tags.tsx";
import { Time } from "../../parts/time.tsx";
import styles from "./run-page.module.css";

/** What is known about a run beside what went in and came out. */
export function RunFacts({ run }: { readonly run: Run }) {
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
          ["Trace", trace(run.traceparent)],
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

/** "00-<trace>-<span>-<flags>" */
function trace(traceparent: string): ReactNode {
  const id = traceparent.split("-")[1];
  if (id === undefined) return undefined;
  return (
    <span className={styles["trace"]}>
      <code title={traceparent}>{id}</code>
      <CopyButton text={id} what="trace id" />
    </span>
  );
}
