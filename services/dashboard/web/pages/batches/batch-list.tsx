import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Batch, BatchService } from "@windlass/proto";
import { Boxes } from "lucide-react";
import { msOf } from "../../format/moments.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { BatchBar, BatchState } from "./batch-progress.tsx";

const PAGE_SIZE = 50;
const REFRESH_MS = 2_000;
const count = (value: bigint, isBad = false) => (
  <span className="number">{isBad && value === 0n ? <span className="soft">–</span> : value.toLocaleString()}</span>
);

const columns: readonly Column<Batch>[] = [
  {
    key: "id",
    title: "Batch",
    width: "minmax(12rem, 1.6fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id }) => (
      <Link to="/batches" search={{ batch: id }}>
        <code>{id}</code>
      </Link>
    ),
  },
  {
    key: "state",
    title: "Status",
    width: "8rem",
    narrowWidth: "auto",
    cell: (batch) => <BatchState batch={batch} />,
  },
  { key: "bar", title: "Progress", width: "minmax(8rem, 1fr)", cell: (batch) => <BatchBar batch={batch} /> },
  { key: "runs", title: "Runs", width: "4.5rem", align: "end", cell: ({ runCount }) => count(runCount) },
  {
    key: "completed",
    title: "Completed",
    width: "5.5rem",
    align: "end",
    cell: ({ completedCount }) => count(completedCount),
  },
  {
    key: "bad",
    title: "Unsuccessful",
    width: "6rem",
    align: "end",
    cell: ({ unsuccessfulCount }) => count(unsuccessfulCount, true),
  },
  {
    key: "failed",
    title: "Failed items",
    width: "5.5rem",
    align: "end",
    cell: ({ failedItemCount }) => count(failedItemCount, true),
  },
  {
    key: "time",
    title: "Triggered",
    width: "6rem",
    narrowWidth: "5.25rem",
    align: "end",
    cell: ({ createTime }) => <Time ms={msOf(createTime)} as="distance" />,
  },
];

/** Batches, newest first, live. */
export function BatchList({ page }: { readonly page: string | undefined }) {
  const query = useQuery(
    BatchService.method.listBatches,
    { pageSize: PAGE_SIZE, pageToken: page ?? "" },
    { placeholderData: keepPreviousData, refetchInterval: REFRESH_MS },
  );
  return (
    <>
      <PageHeader title="Batches" />
      <Queried query={query}>
        {({ batches, nextPageToken }) => (
          <>
            {batches.length === 0 ? (
              <Empty icon={Boxes} title="No batches yet">
                Trigger many runs together with <code>batchTrigger</code>.
              </Empty>
            ) : (
              <DataTable label="Batches" columns={columns} rows={batches} rowKey={({ id }) => id} />
            )}
            <Pager to="/batches" page={page} nextPageToken={nextPageToken} />
          </>
        )}
      </Queried>
    </>
  );
}
