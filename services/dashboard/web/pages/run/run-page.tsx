import { useQuery } from "@connectrpc/connect-query";
import { getRouteApi } from "@tanstack/react-router";
import { type GetRunResponse, RunErrorCode, RunService, RunStatus } from "@windlass/proto";
import { useEffect, useState } from "react";
import { msOf } from "../../format/moments.ts";
import { statusLook } from "../../format/run-status.ts";
import { ContentPanel } from "../../parts/content-panel.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Queried } from "../../parts/states.tsx";
import { StatusBadge } from "../../parts/status-badge.tsx";
import { CancelSteps } from "./cancel-steps.tsx";
import { CancelRun } from "./cancel-run.tsx";
import { HoldNote } from "./hold-note.tsx";
import { ReplayRun } from "./replay-run.tsx";
import { RunErrorPanel } from "./run-error-panel.tsx";
import { RunFacts } from "./run-facts.tsx";
import { hasOptions, RunOptionsPanel } from "./run-options-panel.tsx";
import styles from "./run-page.module.css";
import { type Timeline, useTimeline } from "./use-timeline.ts";
import { WaterfallPanel } from "./waterfall-panel.tsx";

const route = getRouteApi("/app/runs/$runId");

/** The timeline tells of every change at once; this is for what it does not tell, such as a place in the queue. */
const REFRESH_MS = 5_000;

/** What a phone shows of a run at a time; a wide window shows both. */
type Part = "timeline" | "details";
const parts: readonly (readonly [Part, string])[] = [
  ["timeline", "Timeline"],
  ["details", "Details"],
];

/** One run, live while it lives. */
export function RunPage() {
  const { runId } = route.useParams();
  return <RunLive key={runId} runId={runId} />;
}

function RunLive({ runId }: { readonly runId: string }) {
  const query = useQuery(
    RunService.method.getRun,
    { runId },
    { refetchInterval: ({ state }) => (isOver(state.data) ? false : REFRESH_MS) },
  );
  const timeline = useTimeline(runId);
  const { changeSeq } = timeline.waterfall;
  const { refetch } = query;
  useEffect(() => {
    if (changeSeq > 0n) void refetch();
  }, [changeSeq, refetch]);
  return (
    <Queried query={query} rows={10}>
      {(answer) => <RunView answer={answer} timeline={timeline} />}
    </Queried>
  );
}

function RunView({ answer, timeline }: { readonly answer: GetRunResponse; readonly timeline: Timeline }) {
  const { run, hold } = answer;
  const [part, setPart] = useState<Part>("timeline");
  if (run === undefined) return undefined;
  const { isEnd } = statusLook(run.status);
  const { waterfall } = timeline;
  return (
    <>
      <PageHeader
        title={run.taskId}
        heading={
          <span className={styles["heading"]}>
            {run.taskId}
            <StatusBadge status={run.status} />
          </span>
        }
      >
        <ReplayRun runId={run.id} payload={run.payload} />
        {!isEnd && <CancelRun runId={run.id} />}
      </PageHeader>
      <p className={styles["id"]}>
        <code>{run.id}</code>
        <CopyButton text={run.id} what="run id" />
      </p>
      {hold !== undefined && <HoldNote hold={hold} />}
      <div className={styles["parts"]} role="group" aria-label="Part of the run">
        {parts.map(([name, word]) => (
          <button key={name} type="button" aria-pressed={part === name} onClick={() => setPart(name)}>
            {word}
          </button>
        ))}
      </div>
      <div className={styles["columns"]} data-part={part}>
        <div className={styles["column"]} data-part="timeline">
          {run.error !== undefined && run.error.code !== RunErrorCode.CANCELED && (
            <RunErrorPanel error={run.error} isFinal={isEnd} />
          )}
          {waterfall.cancelSteps.length > 0 && (
            <CancelSteps steps={waterfall.cancelSteps} reason={run.cancelReason} finishMs={msOf(run.finishTime)} />
          )}
          <WaterfallPanel runId={run.id} isOver={isEnd} timeline={timeline} />
        </div>
        <div className={styles["column"]} data-part="details">
          <RunFacts run={run} sandboxTier={waterfall.sandboxTier} />
          <ContentPanel title="Payload" content={run.payload} none="It was triggered without a payload." />
          <ContentPanel title="Output" content={run.output} none={noOutput(run.status)} />
          {run.metadata !== undefined && <ContentPanel title="Metadata" content={run.metadata} none="None." />}
          {hasOptions(run.options) && <RunOptionsPanel options={run.options} />}
        </div>
      </div>
    </>
  );
}

function noOutput(status: RunStatus): string {
  if (status === RunStatus.COMPLETED) return "It returned nothing.";
  return statusLook(status).isEnd ? "It did not get to return anything." : "Not yet.";
}

function isOver(answer: GetRunResponse | undefined): boolean {
  return answer?.run !== undefined && statusLook(answer.run.status).isEnd;
}
