import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type Run, RunService } from "@windlass/proto";
import { ListTree } from "lucide-react";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Duration } from "../../parts/duration.tsx";
import { LinkButton } from "../../parts/link-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { StatusBadge } from "../../parts/status-badge.tsx";
import { Tags } from "../../parts/tags.tsx";
import { Time } from "../../parts/time.tsx";
import { msOf } from "../../format/moments.ts";
import { BulkActions } from "./bulk-actions.tsx";
import { CountLine } from "./count-line.tsx";
import { FindRun } from "./find-run.tsx";
import { isFiltered, listRequest, PAGE_SIZE } from "./run-filters.ts";
import { RunFilterBar } from "./run-filter-bar.tsx";
import styles from "./runs-page.module.css";

const route = getRouteApi("/app/runs");

/** The newest page changes all the time, older ones hardly. */
const NEWEST_REFRESH_MS = 2_000;
const OLDER_REFRESH_MS = 10_000;

const columns: readonly Column<Run>[] = [
  {
    key: "run",
    title: "Task",
    width: "minmax(12rem, 2fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: (run) => (
      <Link to="/runs/$runId" params={{ runId: run.id }} className={styles["task"]} preload={false}>
        {run.taskId}
      </Link>
    ),
  },
  { key: "id", title: "Run", width: "minmax(7rem, 1fr)", cell: ({ id }) => <code className="soft">{id}</code> },
  {
    key: "status",
    title: "Status",
    width: "8.75rem",
    narrowWidth: "8.5rem",
    cell: ({ status }) => <StatusBadge status={status} />,
  },
  {
    key: "tags",
    title: "Tags",
    width: "minmax(4rem, 1fr)",
    cell: (run) => <Tags tags={run.tags} isTest={run.isTest} />,
  },
  {
    key: "queue",
    title: "Queue",
    width: "minmax(5rem, 0.8fr)",
    cell: ({ queue }) => <span className="soft">{queue}</span>,
  },
  {
    key: "attempt",
    title: "Attempt",
    width: "4rem",
    align: "end",
    cell: (run) => <span className="number">{run.attemptNumber === 0 ? "–" : run.attemptNumber}</span>,
  },
  {
    key: "duration",
    title: "Duration",
    width: "5.5rem",
    align: "end",
    cell: (run) => <Duration fromMs={msOf(run.startTime)} toMs={msOf(run.finishTime)} />,
  },
  {
    key: "time",
    title: "Triggered",
    width: "6rem",
    narrowWidth: "3.75rem",
    align: "end",
    cell: (run) => <Time ms={msOf(run.createTime)} as="distance" />,
  },
];

/** Runs of the environment, newest first, live. */
export function RunsPage() {
  const search = route.useSearch();
  const query = useQuery(RunService.method.listRuns, listRequest(search), {
    placeholderData: keepPreviousData,
    refetchInterval: search.page === undefined ? NEWEST_REFRESH_MS : OLDER_REFRESH_MS,
  });
  return (
    <>
      <PageHeader title="Runs">
        <BulkActions search={search} />
        <FindRun />
      </PageHeader>
      <CountLine />
      <RunFilterBar />
      <Queried query={query} rows={12}>
        {({ runs, nextPageToken }) => (
          <div className={styles["page"]} aria-busy={query.isPlaceholderData}>
            {runs.length === 0 ? (
              <NoRuns isFiltered={isFiltered(search)} isMore={nextPageToken !== ""} />
            ) : (
              <DataTable label="Runs" columns={columns} rows={runs} rowKey={({ id }) => id} />
            )}
            {nextPageToken !== "" && runs.length < PAGE_SIZE && (
              <p className={styles["note"]}>
                100,000 runs were looked at for this page. Those before them have not been: look further, or narrow the
                list down by task, tag or time.
              </p>
            )}
            <nav className={styles["pages"]} aria-label="More runs">
              {search.page !== undefined && (
                <LinkButton to="/runs" search={(shown) => ({ ...shown, page: "" })}>
                  Newest
                </LinkButton>
              )}
              {nextPageToken !== "" && (
                <LinkButton to="/runs" search={(shown) => ({ ...shown, page: nextPageToken })}>
                  {runs.length < PAGE_SIZE ? "Look further" : "Older"}
                </LinkButton>
              )}
            </nav>
          </div>
        )}
      </Queried>
    </>
  );
}

function NoRuns({ isFiltered, isMore }: { readonly isFiltered: boolean; readonly isMore: boolean }) {
  if (isMore) return <Empty icon={ListTree} title="No run is like that so far" />;
  return isFiltered ? (
    <Empty icon={ListTree} title="No run is like that">
      <Link to="/runs">Show all runs</Link>
    </Empty>
  ) : (
    <Empty icon={ListTree} title="No runs yet">
      Trigger a task from your code, or on the page <Link to="/test">Test</Link>.
    </Empty>
  );
}
