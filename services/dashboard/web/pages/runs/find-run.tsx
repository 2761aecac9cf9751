import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { TextField } from "../../parts/field.tsx";

/** Goes to the run of an id. */
export function FindRun() {
  const navigate = useNavigate();
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const runId = new FormData(event.currentTarget).get("runId");
    if (typeof runId === "string" && runId.trim() !== "") {
      void navigate({ to: "/runs/$runId", params: { runId: runId.trim() } });
    }
  };
  return (
    <form role="search" onSubmit={find}>
      <TextField label="Go to a run by its id" isLabelUnseen name="runId" type="search" placeholder="Go to run_…" />
    </form>
  );
}
