import { useQuery } from "@connectrpc/connect-query";
import { type Supervisor, SupervisorService } from "@windlass/proto";
import { CircleCheck, CircleDashed, CirclePause } from "lucide-react";
import { msOf } from "../../format/moments.ts";
import { formatTimeOfDay } from "../../format/time.ts";
import { Badge } from "../../parts/badge.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Queried, Quiet } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { useNow } from "../../parts/use-now.ts";
import { machinesText, summaryText } from "./supervisor-text.ts";
import styles from "./supervisors.module.css";

const PAGE_SIZE = 1_000;
const REFRESH_MS = 3_000;
/** They are heard of every few seconds. */
const SILENT_MS = 15_000;

const columns: readonly Column<Supervisor>[] = [
  {
    key: "id",
    title: "Supervisor",
    width: "minmax(10rem, 1.4fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id }) => (
      <span className={styles["id"]}>
        <code title={id}>{id}</code>
        <CopyButton text={id} what="supervisor id" />
      </span>
    ),
  },
  { key: "state", title: "State", width: "8rem", narrowWidth: "7.5rem", cell: (of) => <State of={of} /> },
  {
    key: "executing",
    title: "Executing",
    width: "6rem",
    narrowWidth: "4.5rem",
    align: "end",
    cell: ({ executing, capacity }) => number(`${executing} / ${capacity?.workers ?? "?"}`),
  },
  { key: "suspended", title: "Waiting", width: "5rem", align: "end", cell: ({ suspended }) => number(suspended) },
  { key: "tier", title: "Sandbox", width: "5rem", cell: ({ sandboxTier }) => sandboxTier },
  { key: "cpu", title: "vCPU", width: "5.5rem", align: "end", cell: ({ capacity }) => amount(capacity?.vcpu) },
  { key: "memory", title: "GB", width: "5.5rem", align: "end", cell: ({ capacity }) => amount(capacity?.memoryGb) },
  {
    key: "machines",
    title: "Machines",
    width: "minmax(6rem, 1fr)",
    cell: ({ capacity }) => <span title={capacity?.machines.join(", ")}>{machinesText(capacity?.machines)}</span>,
  },
  { key: "release", title: "Release", width: "4.5rem", cell: ({ release }) => release || "–" },
  {
    key: "since",
    title: "There since",
    width: "6rem",
    align: "end",
    cell: ({ registerTime }) => <Time ms={msOf(registerTime)} as="distance" />,
  },
];

/** Who executes runs, for the whole cluster, and how much each can take. */
export function Supervisors() {
  const query = useQuery(
    SupervisorService.method.listSupervisors,
    { pageSize: PAGE_SIZE },
    { refetchInterval: REFRESH_MS },
  );
  return (
    <Panel title="Supervisors" actions={<span className="soft">{query.data && summaryText(query.data)}</span>}>
      <Queried query={query} rows={2}>
        {({ supervisors }) =>
          supervisors.length === 0 ? (
            <Quiet>There is none: nothing executes until one starts.</Quiet>
          ) : (
            <DataTable label="Supervisors" columns={columns} rows={supervisors} rowKey={({ id }) => id} />
          )
        }
      </Queried>
    </Panel>
  );
}

function State({ of: { isDraining, heartbeatTime } }: { readonly of: Supervisor }) {
  const heardMs = msOf(heartbeatTime) ?? 0;
  const isSilent = useNow() - heardMs > SILENT_MS;
  if (isSilent)
    return (
      <span title={`Last heard of at ${formatTimeOfDay(heardMs)}`}>
        <Badge icon={CircleDashed} tone="bad">
          Silent
        </Badge>
      </span>
    );
  return isDraining ? (
    <Badge icon={CirclePause} tone="wait">
      Draining
    </Badge>
  ) : (
    <Badge icon={CircleCheck} tone="good">
      Takes runs
    </Badge>
  );
}

function number(text: string | number) {
  return <span className="number">{text}</span>;
}

/** 0: it is not counted. */
function amount(value: number | undefined) {
  return number(value === undefined ? "?" : value === 0 ? "any" : value.toLocaleString("en"));
}
