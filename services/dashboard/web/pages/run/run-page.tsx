import { useQuery } from "@connectrpc/connect-query";
import { getRouteApi } from "@tanstack/react-router";
import { type GetRunResponse, RunService } from "@windlass/proto";
import { useEffect } from "react";
import { statusLook } from "../../format/run-status.ts";
import { ContentPanel } from "../../parts/content-panel.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Queried } from "../../parts/states.tsx";
import { StatusBadge } from "../../parts/status-badge.tsx";
import { CancelRun } from "./cancel-run.tsx";
import { HoldNote } from "./hold-note.tsx";
import { ReplayRun } from "./replay-run.tsx";
import { RunErrorPanel } from "./run-error-panel.tsx";
import { RunFacts } from "./run-facts.tsx";
import styles from "./run-page.module.css";
import { TimelineList } from "./timeline-list.tsx";
import { type Timeline, useTimeline } from "./use-timeline.ts";

const route = getRouteApi("/app/runs/$runId");

/** The timeline tells of every change at once; this is for what it does not tell, such as a place in the queue. */
const REFRESH_MS = 5_000;

/** One run, live while it lives. */
export function RunPage() {
  const { runId } = route.useParams();
  const query = useQuery(
    RunService.method.getRun,
    { runId },
    { refetchInterval: ({ state }) => (isOver(state.data) ? false : REFRESH_MS) },
  );
  const timeline = useTimeline(runId);
  const changeSeq = lastChangeSeq(timeline);
  const { refetch } = query;
  useEffect(() => {
    if (changeSeq !== undefined) void refetch();
  }, [changeSeq, refetch]);
  return (
    <Queried query={query} rows={10}>
      {(answer) => <RunView answer={answer} timeline={timeline} />}
    </Queried>
  );
}

function RunView({ answer, timeline }: { readonly answer: GetRunResponse; readonly timeline: Timeline }) {
  const { run, hold } = answer;
  if (run === undefined) return undefined;
  const { isEnd } = statusLook(run.status);
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
        <ReplayRun runId={run.id} />
        {!isEnd && <CancelRun runId={run.id} />}
      </PageHeader>
      <p className={styles["id"]}>
        <code>{run.id}</code>
        <CopyButton text={run.id} what="run id" />
      </p>
      {hold !== undefined && <HoldNote hold={hold} />}
      <div className={styles["columns"]}>
        <div className={styles["column"]}>
          {run.error !== undefined && <RunErrorPanel error={run.error} />}
          <TimelineList timeline={timeline} />
        </div>
        <div className={styles["column"]}>
          <RunFacts run={run} />
          <ContentPanel title="Payload" content={run.payload} none="It was triggered without a payload." />
          <ContentPanel title="Output" content={run.output} none={isEnd ? "It returned nothing." : "Not yet."} />
          {run.metadata !== undefined && <ContentPanel title="Metadata" content={run.metadata} none="None." />}
        </div>
      </div>
    </>
  );
}

function isOver(answer: GetRunResponse | undefined): boolean {
  return answer?.run !== undefined && statusLook(answer.run.status).isEnd;
}

/** The last event after which the run itself is another. */
function lastChangeSeq({ events }: Timeline): bigint | undefined {
  return events.findLast(({ body }) => body.case !== "log" && body.case !== "hookResult")?.seq;
}
