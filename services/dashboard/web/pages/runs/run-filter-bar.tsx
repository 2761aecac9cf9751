import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { TextField } from "../../parts/field.tsx";
import { isFiltered, type RunsSearch, statusesOf, statusText } from "./run-filters.ts";
import styles from "./run-filter-bar.module.css";
import { StatusFilter } from "./status-filter.tsx";

const route = getRouteApi("/app/runs");
const fields = [
  { name: "task", label: "Task" },
  { name: "tag", label: "Tag" },
  { name: "batch", label: "Batch" },
  { name: "parent", label: "Parent run" },
] as const;

/** What the list is narrowed to; all of it is in the URL. A field counts when one leaves it, or on Enter. */
export function RunFilterBar() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const narrow = (change: RunsSearch): void =>
    void navigate({ to: "/runs", search: (shown) => ({ ...shown, page: "", ...change }), replace: true });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const texts = fields.map(({ name }) => [name, (data.get(name) as string).trim()]);
    narrow(Object.fromEntries(texts) as RunsSearch);
  };
  return (
    <form className={styles["bar"]} aria-label="Filters" onSubmit={submit}>
      <StatusFilter chosen={statusesOf(search)} onChange={(chosen) => narrow({ status: statusText(chosen) ?? "" })} />
      {fields.map(({ name, label }) => (
        <FilterField key={name} name={name} label={label} value={search[name] ?? ""} />
      ))}
      <button type="submit" className="unseen" tabIndex={-1}>
        Apply
      </button>
      {isFiltered(search) && (
        <Button look="bare" icon={X} onClick={() => void navigate({ to: "/runs", search: {} })}>
          Clear
        </Button>
      )}
    </form>
  );
}

function FilterField({
  name,
  label,
  value,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
}) {
  const [text, setText] = useState(value);
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    setShown(value);
    setText(value);
  }
  return (
    <div className={styles["field"]} data-set={value !== ""}>
      <TextField
        label={label}
        isLabelUnseen
        placeholder={label}
        name={name}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={(event) => text !== value && event.target.form?.requestSubmit()}
      />
    </div>
  );
}
