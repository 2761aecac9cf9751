import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ChevronRight, X } from "lucide-react";
import type { FormEvent } from "react";
import type { RunsSearch } from "../../app/runs-search.ts";
import { Button } from "../../parts/button.tsx";
import { SelectField } from "../../parts/select-field.tsx";
import { FilterField, FilterMoment } from "./filter-field.tsx";
import { isFiltered, momentOf, momentText, statusesOf, statusText } from "./run-filters.ts";
import styles from "./run-filter-bar.module.css";
import { StatusFilter } from "./status-filter.tsx";

const route = getRouteApi("/app/runs");
const first = [
  { name: "task", label: "Task" },
  { name: "tag", label: "Tag" },
  { name: "queue", label: "Queue" },
  { name: "version", label: "Version" },
] as const;
const further = [
  { name: "schedule", label: "Schedule" },
  { name: "batch", label: "Batch" },
  { name: "parent", label: "Parent run" },
] as const;
const moments = [
  { name: "from", label: "Triggered from" },
  { name: "to", label: "Triggered before" },
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
    const textOf = (name: string): string => (data.get(name) as string).trim();
    narrow(
      Object.fromEntries([
        ...[...first, ...further, { name: "test" }].map(({ name }) => [name, textOf(name)]),
        ...moments.map(({ name }) => [name, momentOfField(textOf(name))]),
      ]) as RunsSearch,
    );
  };
  const isFurther = isFiltered({ ...search, status: "", task: "", tag: "", queue: "", version: "" });
  return (
    <form className={styles["bar"]} aria-label="Filters" onSubmit={submit}>
      <StatusFilter chosen={statusesOf(search)} onChange={(chosen) => narrow({ status: statusText(chosen) ?? "" })} />
      {first.map(({ name, label }) => (
        <FilterField key={name} name={name} label={label} value={search[name] ?? ""} isLabelUnseen />
      ))}
      <details className={styles["more"]} open={isFurther || undefined}>
        <summary>
          <ChevronRight aria-hidden size={14} />
          More filters
        </summary>
        <div className={styles["further"]}>
          {further.map(({ name, label }) => (
            <FilterField key={name} name={name} label={label} value={search[name] ?? ""} />
          ))}
          <div className={styles["field"]} data-set={search.test !== undefined}>
            <SelectField
              label="Tests"
              name="test"
              value={search.test ?? ""}
              onChange={(event) => narrow({ test: event.target.value })}
            >
              <option value="">Tests too</option>
              <option value="only">Only tests</option>
              <option value="none">No tests</option>
            </SelectField>
          </div>
          {moments.map(({ name, label }) => (
            <FilterMoment key={name} name={name} label={label} valueMs={momentOf(search[name])} />
          ))}
        </div>
      </details>
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

/** What a field holds is in the zone of whoever looks; the URL's moments are the same for everybody. */
function momentOfField(text: string): string {
  const ms = momentOf(text);
  return ms === undefined ? "" : momentText(ms);
}
