import { useQuery } from "@connectrpc/connect-query";
import { type ApiKey, EnvironmentService } from "@windlass/proto";
import { Ban, CircleCheck } from "lucide-react";
import { Badge } from "../../parts/badge.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Queried, Quiet } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import { msOf } from "../../format/moments.ts";
import styles from "./api-keys.module.css";
import { CreateKey } from "./create-key.tsx";
import { RevokeKey } from "./revoke-key.tsx";
import { RotateKey } from "./rotate-key.tsx";
import { Section } from "./section.tsx";

const columns: readonly Column<ApiKey>[] = [
  {
    key: "name",
    title: "Name",
    width: "minmax(9rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ name }) => (
      <span className={styles["name"]} title={name}>
        {name}
      </span>
    ),
  },
  {
    key: "last",
    title: "Key",
    width: "5rem",
    narrowWidth: "3.25rem",
    cell: ({ lastFour }) => <code className="soft">…{lastFour}</code>,
  },
  {
    key: "state",
    title: "State",
    width: "6.5rem",
    narrowWidth: "5.75rem",
    cell: ({ revokeTime }) =>
      revokeTime === undefined ? (
        <Badge icon={CircleCheck} tone="good">
          Works
        </Badge>
      ) : (
        <Badge icon={Ban} tone="calm">
          Revoked
        </Badge>
      ),
  },
  { key: "made", title: "Made", width: "8rem", cell: ({ createTime }) => <Time ms={msOf(createTime)} as="distance" /> },
  {
    key: "revoked",
    title: "Revoked",
    width: "8rem",
    cell: ({ revokeTime }) => <Time ms={msOf(revokeTime)} as="distance" />,
  },
  {
    key: "change",
    title: "Change",
    width: "4.5rem",
    narrowWidth: "4.5rem",
    align: "end",
    cell: (key) =>
      key.revokeTime === undefined && (
        <span className={styles["actions"]}>
          <RotateKey apiKey={key} />
          <RevokeKey apiKey={key} />
        </span>
      ),
  },
];

/** The environment's keys. A key itself is shown once, when it is made. */
export function ApiKeys() {
  const query = useQuery(EnvironmentService.method.listApiKeys);
  return (
    <Section
      title="API keys"
      about="Programs and people come in with a key. It is shown once, when it is made; only its hash is kept."
      actions={<CreateKey />}
    >
      <Queried query={query} rows={3}>
        {({ apiKeys }) =>
          apiKeys.length === 0 ? (
            <Quiet>There are none.</Quiet>
          ) : (
            <DataTable label="API keys" columns={columns} rows={apiKeys} rowKey={({ id }) => id} />
          )
        }
      </Queried>
    </Section>
  );
}
