import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type Deployment, DeploymentService } from "@windlass/proto";
import { Rocket } from "lucide-react";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { LinkButton } from "../../parts/link-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { msOf } from "../../format/moments.ts";
import { CurrentBadge } from "./current-badge.tsx";
import { DeploymentPanel } from "./deployment-panel.tsx";
import styles from "./deployments-page.module.css";

const route = getRouteApi("/app/deployments");
const PAGE_SIZE = 50;
const REFRESH_MS = 5_000;

/** `current` is the version that new runs take now. */
const columnsFor = (current: Deployment | undefined): readonly Column<Deployment>[] => [
  {
    key: "version",
    title: "Version",
    width: "minmax(9rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ version }) => (
      <Link
        to="/deployments"
        search={(shown) => ({ ...shown, version })}
        replace
        resetScroll={false}
        className={styles["version"]}
      >
        {version}
      </Link>
    ),
  },
  {
    key: "state",
    title: "State",
    width: "7rem",
    narrowWidth: "auto",
    cell: (deployment) => deployment.version === current?.version && <CurrentBadge />,
  },
  {
    key: "tasks",
    title: "Tasks",
    width: "4rem",
    narrowWidth: "2.75rem",
    align: "end",
    cell: ({ tasks }) => <span className="number">{tasks.length}</span>,
  },
  {
    key: "bundle",
    title: "Bundle",
    width: "minmax(6rem, 0.8fr)",
    cell: ({ bundleHash }) => (
      <code className="soft" title={`SHA-256 ${bundleHash}`}>
        {bundleHash.slice(0, 12)}
      </code>
    ),
  },
  {
    key: "replaced",
    title: "Replaced",
    width: "minmax(7rem, 0.8fr)",
    cell: ({ replacedVersion }) => (
      <span className="soft number">{replacedVersion === "" ? "–" : replacedVersion}</span>
    ),
  },
  {
    key: "time",
    title: "Deployed",
    width: "6.5rem",
    narrowWidth: "4.5rem",
    align: "end",
    cell: ({ createTime }) => <Time ms={msOf(createTime)} as="distance" />,
  },
];

/** Versions of the environment's tasks, newest first, and one of them in full: the current one unless another is chosen. */
export function DeploymentsPage() {
  const search = route.useSearch();
  const query = useQuery(
    DeploymentService.method.listDeployments,
    { pageSize: PAGE_SIZE, pageToken: search.page ?? "" },
    { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData },
  );
  const isAny = (query.data?.deployments.length ?? 0) > 0;
  const currentQuery = useQuery(
    DeploymentService.method.getCurrentDeployment,
    {},
    { refetchInterval: REFRESH_MS, enabled: isAny },
  );
  const current = currentQuery.data?.deployment;
  return (
    <>
      <PageHeader title="Deployments" />
      <Queried query={query}>
        {({ deployments, nextPageToken }) => {
          if (deployments.length === 0) return <NoDeployments />;
          const shown = deployments.find(({ version }) => version === search.version) ?? current ?? deployments[0];
          return (
            <div className={styles["parts"]}>
              <div>
                <DataTable
                  label="Deployments"
                  columns={columnsFor(current)}
                  rows={deployments}
                  rowKey={({ id }) => id}
                />
                <nav className={styles["pages"]} aria-label="More deployments">
                  {search.page !== undefined && (
                    <LinkButton to="/deployments" search={{}}>
                      Newest
                    </LinkButton>
                  )}
                  {nextPageToken !== "" && (
                    <LinkButton to="/deployments" search={{ page: nextPageToken }}>
                      Older
                    </LinkButton>
                  )}
                </nav>
              </div>
              {shown !== undefined && (
                <DeploymentPanel deployment={shown} current={current} deployments={deployments} />
              )}
            </div>
          );
        }}
      </Queried>
    </>
  );
}

function NoDeployments() {
  return (
    <Empty icon={Rocket} title="Nothing is deployed yet">
      <code>windlass deploy</code> uploads a folder of tasks as the first version.
    </Empty>
  );
}
