import { useQuery } from "@connectrpc/connect-query";
import { type Batch, BatchService, type FailedItem } from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Facts } from "../../parts/facts.tsx";
import { LinkButton } from "../../parts/link-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { Trail } from "../../parts/trail.tsx";
import { BatchBar, BatchState, openCount } from "./batch-progress.tsx";
import styles from "./batch-view.module.css";

const REFRESH_MS = 2_000;

const columns: readonly Column<FailedItem>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(8rem, 0.6fr)",
    narrowWidth: "minmax(0, 0.5fr)",
    cell: ({ taskId }) => taskId,
  },
  {
    key: "error",
    title: "Why it did not become a run",
    width: "minmax(14rem, 2fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ error }) => <span title={error?.message}>{error?.message}</span>,
  },
  {
    key: "request",
    title: "Request",
    width: "minmax(8rem, 0.8fr)",
    cell: ({ requestId }) => <code className="soft">{requestId}</code>,
  },
];

/** One batch: how far it is, and items that did not become runs. */
export function BatchView({ batchId }: { readonly batchId: string }) {
  const query = useQuery(BatchService.method.getBatch, { batchId }, { refetchInterval: REFRESH_MS });
  return <Queried query={query}>{({ batch }) => batch !== undefined && <Shown batch={batch} />}</Queried>;
}

function Shown({ batch }: { readonly batch: Batch }) {
  const { id, runCount, completedCount, unsuccessfulCount, failedItems, failedItemCount } = batch;
  const text = (value: bigint) => <span className="number">{value.toLocaleString()}</span>;
  return (
    <>
      <PageHeader
        title={`Batch ${id}`}
        heading={
          <Trail to="/batches" from="Batches">
            <code>{id}</code>
            <CopyButton text={id} what="batch id" />
            <BatchState batch={batch} />
          </Trail>
        }
      >
        <LinkButton to="/runs" search={{ batch: id }}>
          Its runs
        </LinkButton>
        {unsuccessfulCount > 0n && (
          <LinkButton
            to="/runs"
            search={{ batch: id, status: "FAILED,CRASHED,SYSTEM_FAILURE,TIMED_OUT,CANCELED,EXPIRED" }}
          >
            Unsuccessful ones
          </LinkButton>
        )}
      </PageHeader>
      <div className={styles["column"]}>
        <Panel title="Progress">
          <div className={styles["bar"]}>
            <BatchBar batch={batch} />
          </div>
          <Facts
            facts={[
              ["Runs", text(runCount)],
              ["Completed", text(completedCount)],
              ["Unsuccessful", text(unsuccessfulCount)],
              ["Going on", text(openCount(batch))],
              ["Items that are no runs", text(failedItemCount)],
              ["Triggered", <Time key="time" ms={msOf(batch.createTime)} />],
            ]}
          />
        </Panel>
        {failedItems.length > 0 && (
          <>
            <h2 className={styles["subtitle"]}>
              Failed items
              {failedItemCount > BigInt(failedItems.length) &&
                `, the first ${failedItems.length} of ${failedItemCount}`}
            </h2>
            <DataTable
              label="Failed items"
              columns={columns}
              rows={failedItems}
              rowKey={({ requestId }) => requestId}
            />
          </>
        )}
      </div>
    </>
  );
}
