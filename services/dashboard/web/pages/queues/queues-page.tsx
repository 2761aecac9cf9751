import { useQuery } from "@connectrpc/connect-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ListQueuesResponse, type Queue, QueueService } from "@windlass/proto";
import { Layers } from "lucide-react";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { LinkButton } from "../../parts/link-button.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { msOf } from "../../format/moments.ts";
import { LimitQueue } from "./limit-queue.tsx";
import { PauseQueue } from "./pause-queue.tsx";
import { QueueLoad } from "./queue-load.tsx";
import { QueueName } from "./queue-name.tsx";
import { lengthText, rateText } from "../../format/queue-text.ts";
import styles from "./queues-page.module.css";

const route = getRouteApi("/app/queues");
const PAGE_SIZE = 500;
const REFRESH_MS = 1_000;

const columns: readonly Column<Queue>[] = [
  {
    key: "name",
    title: "Queue",
    width: "minmax(12rem, 2fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: (queue) => <QueueName queue={queue} />,
  },
  {
    key: "running",
    title: "Executing",
    width: "9.5rem",
    narrowWidth: "4.25rem",
    cell: (queue) => <QueueLoad queue={queue} />,
  },
  {
    key: "depth",
    title: "Waiting",
    width: "5rem",
    narrowWidth: "3.25rem",
    align: "end",
    cell: ({ name, depth }) =>
      depth === 0n ? (
        <span className="number soft">0</span>
      ) : (
        <Link to="/runs" search={{ queue: name, status: "QUEUED" }} className="number" title="Show the runs that wait">
          {String(depth)}
        </Link>
      ),
  },
  {
    key: "oldest",
    title: "Oldest",
    width: "6rem",
    align: "end",
    cell: ({ oldestQueueTime }) => <Time ms={msOf(oldestQueueTime)} as="distance" />,
  },
  {
    key: "rate",
    title: "Rate limit",
    width: "minmax(6rem, 1fr)",
    align: "end",
    cell: ({ rateLimit }) => soft(rateText(rateLimit)),
  },
  {
    key: "length",
    title: "Most waiting",
    width: "6.5rem",
    align: "end",
    cell: ({ maxLength }) => soft(lengthText(maxLength)),
  },
  {
    key: "actions",
    title: "Change",
    width: "4.5rem",
    narrowWidth: "4.5rem",
    align: "end",
    cell: (queue) => (
      <span className={styles["actions"]}>
        <LimitQueue queue={queue} />
        <PauseQueue queue={queue} />
      </span>
    ),
  },
];

/** Queues of the environment by name: what waits, what executes, what holds it back. */
export function QueuesPage() {
  const { page = "" } = route.useSearch();
  const query = useQuery(
    QueueService.method.listQueues,
    { pageSize: PAGE_SIZE, pageToken: page },
    { refetchInterval: REFRESH_MS },
  );
  return (
    <>
      <PageHeader title="Queues" />
      <Queried query={query}>{(answer) => <QueueList answer={answer} isFirst={page === ""} />}</Queried>
    </>
  );
}

function QueueList({ answer, isFirst }: { readonly answer: ListQueuesResponse; readonly isFirst: boolean }) {
  const { queues, nextPageToken } = answer;
  if (queues.length === 0) {
    return (
      <Empty icon={Layers} title="No queues yet">
        A queue comes into being with the first task, or run, that names it. Deploy tasks to see theirs.
      </Empty>
    );
  }
  return (
    <>
      <p className={styles["summary"]}>{summary(queues)}</p>
      <DataTable label="Queues" columns={columns} rows={queues} rowKey={({ name }) => name} />
      <nav className={styles["pages"]} aria-label="More queues">
        {!isFirst && (
          <LinkButton to="/queues" search={{}}>
            First
          </LinkButton>
        )}
        {nextPageToken !== "" && (
          <LinkButton to="/queues" search={{ page: nextPageToken }}>
            Next
          </LinkButton>
        )}
      </nav>
    </>
  );
}

function summary(queues: readonly Queue[]): string {
  const depth = queues.reduce((sum, queue) => sum + queue.depth, 0n);
  const running = queues.reduce((sum, queue) => sum + queue.running, 0n);
  const paused = queues.filter(({ isPaused }) => isPaused).length;
  const texts = [
    `${queues.length} ${queues.length === 1 ? "queue" : "queues"}`,
    `${depth} waiting`,
    `${running} executing`,
  ];
  return [...texts, ...(paused > 0 ? [`${paused} paused`] : [])].join(" · ");
}

function soft(text: string) {
  return <span className="number soft">{text}</span>;
}
