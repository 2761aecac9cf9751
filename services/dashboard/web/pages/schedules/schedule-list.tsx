import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Schedule, ScheduleService } from "@windlass/proto";
import { CalendarClock, Plus } from "lucide-react";
import { useState } from "react";
import { msOf } from "../../format/moments.ts";
import { Button } from "../../parts/button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { ScheduleForm } from "./schedule-form.tsx";
import { ScheduleState, typeWord } from "./schedule-state.tsx";
import styles from "./schedules-page.module.css";

const PAGE_SIZE = 100;
const REFRESH_MS = 5_000;

const columns: readonly Column<Schedule>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(10rem, 1.4fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id, taskId }) => (
      <Link to="/schedules" search={{ schedule: id }} className={styles["task"]}>
        {taskId}
      </Link>
    ),
  },
  {
    key: "cron",
    title: "Cron",
    width: "minmax(9rem, 1fr)",
    narrowWidth: "minmax(0, 0.9fr)",
    cell: ({ cron }) => <code>{cron?.expression}</code>,
  },
  {
    key: "zone",
    title: "Time zone",
    width: "minmax(8rem, 1fr)",
    cell: ({ cron }) => <span className="soft">{cron?.timezone}</span>,
  },
  { key: "type", title: "Type", width: "5.5rem", cell: ({ type }) => <span className="soft">{typeWord(type)}</span> },
  {
    key: "external",
    title: "External id",
    width: "minmax(6rem, 0.8fr)",
    cell: ({ externalId }) => <span className="soft">{externalId === "" ? "–" : externalId}</span>,
  },
  { key: "state", title: "State", width: "6.5rem", cell: (schedule) => <ScheduleState schedule={schedule} /> },
  {
    key: "last",
    title: "Last",
    width: "5.5rem",
    align: "end",
    cell: ({ lastTime }) => <Time ms={msOf(lastTime)} as="distance" />,
  },
  {
    key: "next",
    title: "Next",
    width: "5.5rem",
    narrowWidth: "4.5rem",
    align: "end",
    cell: ({ nextTime }) => <Time ms={msOf(nextTime)} as="distance" />,
  },
];

/** Declared and created schedules, newest first. */
export function ScheduleList({ page }: { readonly page: string | undefined }) {
  const [isCreating, setCreating] = useState(false);
  const query = useQuery(
    ScheduleService.method.listSchedules,
    { pageSize: PAGE_SIZE, pageToken: page ?? "" },
    { placeholderData: keepPreviousData, refetchInterval: REFRESH_MS },
  );
  return (
    <>
      <PageHeader title="Schedules">
        <Button look="strong" icon={Plus} onClick={() => setCreating(true)}>
          New schedule
        </Button>
      </PageHeader>
      <Queried query={query}>
        {({ schedules, nextPageToken }) => (
          <>
            {schedules.length === 0 ? (
              <Empty icon={CalendarClock} title="No schedules yet">
                Declare a <code>cron</code> in a <code>schedules.task</code>, or make a schedule here.
              </Empty>
            ) : (
              <DataTable label="Schedules" columns={columns} rows={schedules} rowKey={({ id }) => id} />
            )}
            <Pager to="/schedules" page={page} nextPageToken={nextPageToken} />
          </>
        )}
      </Queried>
      {isCreating && <ScheduleForm onClose={() => setCreating(false)} />}
    </>
  );
}
