import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Token, WaitpointService } from "@windlass/proto";
import { Ticket } from "lucide-react";
import { msOf } from "../../format/moments.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { Tags } from "../../parts/tags.tsx";
import { Time } from "../../parts/time.tsx";
import { TokenBadge } from "./token-badge.tsx";

const PAGE_SIZE = 100;
const REFRESH_MS = 2_000;

const columns: readonly Column<Token>[] = [
  {
    key: "id",
    title: "Token",
    width: "minmax(14rem, 1.6fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id }) => (
      <Link to="/tokens" search={{ token: id }}>
        <code>{id}</code>
      </Link>
    ),
  },
  {
    key: "status",
    title: "Status",
    width: "7.5rem",
    narrowWidth: "auto",
    cell: ({ status }) => <TokenBadge status={status} />,
  },
  { key: "tags", title: "Tags", width: "minmax(6rem, 1fr)", cell: ({ tags }) => <Tags tags={tags} /> },
  {
    key: "key",
    title: "Idempotency key",
    width: "minmax(7rem, 0.8fr)",
    cell: ({ idempotencyKey }) => <span className="soft">{idempotencyKey === "" ? "–" : idempotencyKey}</span>,
  },
  {
    key: "timeout",
    title: "Times out",
    width: "6.5rem",
    align: "end",
    cell: ({ timeoutTime }) =>
      timeoutTime === undefined ? <span className="soft">never</span> : <Time ms={msOf(timeoutTime)} as="distance" />,
  },
  {
    key: "end",
    title: "Ended",
    width: "6rem",
    align: "end",
    cell: ({ finishTime }) => <Time ms={msOf(finishTime)} as="distance" />,
  },
  {
    key: "time",
    title: "Created",
    width: "6rem",
    narrowWidth: "5.25rem",
    align: "end",
    cell: ({ createTime }) => <Time ms={msOf(createTime)} as="distance" />,
  },
];

/** Waitpoint tokens, newest first, live. */
export function TokenList({ page }: { readonly page: string | undefined }) {
  const query = useQuery(
    WaitpointService.method.listTokens,
    { pageSize: PAGE_SIZE, pageToken: page ?? "" },
    { placeholderData: keepPreviousData, refetchInterval: REFRESH_MS },
  );
  return (
    <>
      <PageHeader title="Waitpoint tokens" />
      <Queried query={query}>
        {({ tokens, nextPageToken }) => (
          <>
            {tokens.length === 0 ? (
              <Empty icon={Ticket} title="No waitpoint tokens yet">
                A run waits for somebody with <code>wait.createToken</code> and <code>wait.forToken</code>.
              </Empty>
            ) : (
              <DataTable label="Waitpoint tokens" columns={columns} rows={tokens} rowKey={({ id }) => id} />
            )}
            <Pager to="/tokens" page={page} nextPageToken={nextPageToken} />
          </>
        )}
      </Queried>
    </>
  );
}
