import { useQuery } from "@connectrpc/connect-query";
import { EnvironmentService, type ListVariablesResponse } from "@windlass/proto";
import { KeyRound, LockKeyhole, Plus, Variable } from "lucide-react";
import { useState } from "react";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Empty, Queried } from "../../parts/states.tsx";
import { Section } from "./section.tsx";
import styles from "./variables.module.css";
import { SetVariable } from "./set-variable.tsx";
import { UnsetVariable } from "./unset-variable.tsx";
import { VariableDialog } from "./variable-dialog.tsx";

/** A variable as it is shown: never with its value. */
interface ShownVariable {
  readonly name: string;
  readonly isSecret: boolean;
}

const columns: readonly Column<ShownVariable>[] = [
  {
    key: "name",
    title: "Name",
    width: "minmax(10rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ name }) => (
      <code className={styles["name"]} title={name}>
        {name}
      </code>
    ),
  },
  {
    key: "secret",
    title: "Kind",
    width: "6rem",
    narrowWidth: "auto",
    cell: ({ isSecret }) =>
      isSecret ? (
        <Badge icon={LockKeyhole} tone="busy">
          Secret
        </Badge>
      ) : (
        <Badge icon={KeyRound} tone="calm">
          Plain
        </Badge>
      ),
  },
  {
    key: "change",
    title: "Change",
    width: "4.5rem",
    narrowWidth: "4.5rem",
    align: "end",
    cell: ({ name, isSecret }) => (
      <span className={styles["actions"]}>
        <SetVariable name={name} isSecret={isSecret} />
        <UnsetVariable name={name} />
      </span>
    ),
  },
];

/** The environment variables of the tasks, by name. Values can be written here and never be read. */
export function Variables() {
  const [isAdding, setAdding] = useState(false);
  const query = useQuery(EnvironmentService.method.listVariables, {}, { select: withoutValues });
  return (
    <Section
      title="Variables"
      about="Workers that start from now on have them in process.env. Their values can be changed here, but not be read."
      actions={
        <Button icon={Plus} onClick={() => setAdding(true)}>
          Add variable
        </Button>
      }
    >
      <Queried query={query} rows={3}>
        {(variables) =>
          variables.length === 0 ? (
            <Empty icon={Variable} title="No variables">
              Tasks have only what the supervisor gives every process.
            </Empty>
          ) : (
            <DataTable label="Variables" columns={columns} rows={variables} rowKey={({ name }) => name} />
          )
        }
      </Queried>
      {isAdding && <VariableDialog onClose={() => setAdding(false)} />}
    </Section>
  );
}

function withoutValues({ variables, secretNames }: ListVariablesResponse): readonly ShownVariable[] {
  const secrets = new Set(secretNames);
  const names = Object.keys(variables).toSorted();
  return names.map((name) => ({ name, isSecret: secrets.has(name) }));
}
