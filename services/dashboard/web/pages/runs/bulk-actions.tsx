import type { MessageInitShape } from "@bufbuild/protobuf";
import { callUnaryMethod, createConnectQueryKey, useTransport } from "@connectrpc/connect-query";
import type { Transport } from "@connectrpc/connect";
import { useQueryClient } from "@tanstack/react-query";
import { type ListRunsRequestSchema, RunService, type RunStatus } from "@windlass/proto";
import { Ban, RotateCcw } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { RunsSearch } from "../../app/runs-search.ts";
import { failureText } from "../../api/failure.ts";
import { newRequestId } from "../../api/request-id.ts";
import { runStatuses, statusLook } from "../../format/run-status.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import styles from "./bulk-actions.module.css";
import { type BulkProgress, collectIds, forEachRun } from "./bulk.ts";
import { listRequest, statusesOf } from "./run-filters.ts";

type Verb = "cancel" | "replay";

const PAGE_SIZE = 1_000;
/** So many at a time; the same can be done again for the others. */
const MAX_RUNS = 10_000;

const words = {
  cancel: { title: "Cancel runs", action: "Cancel", done: "canceled", which: "have not ended" },
  replay: { title: "Replay runs", action: "Replay", done: "triggered again", which: "have ended" },
} as const;

/** Cancels or replays every run that the list's filter matches, after asking. */
export function BulkActions({ search }: { readonly search: RunsSearch }) {
  const [verb, setVerb] = useState<Verb>();
  return (
    <>
      <Button icon={Ban} onClick={() => setVerb("cancel")}>
        Cancel all …
      </Button>
      <Button icon={RotateCcw} onClick={() => setVerb("replay")}>
        Replay all …
      </Button>
      {verb !== undefined && <BulkDialog verb={verb} search={search} onClose={() => setVerb(undefined)} />}
    </>
  );
}

function BulkDialog(props: { readonly verb: Verb; readonly search: RunsSearch; readonly onClose: () => void }) {
  const { verb, search, onClose } = props;
  const { title, action, done, which } = words[verb];
  const transport = useTransport();
  const queryClient = useQueryClient();
  const [ids, setIds] = useState<readonly string[]>();
  const [failure, setFailure] = useState<unknown>();
  const [progress, setProgress] = useState<BulkProgress>();
  const [isOver, setOver] = useState(false);
  const stop = useRef<AbortController>(null);

  // What is asked about is what the list showed when the dialog was opened; closing it stops everything.
  useEffect(() => {
    const controller = new AbortController();
    stop.current = controller;
    findRuns(transport, verb, search, controller.signal).then(setIds, (error: unknown) => {
      if (!controller.signal.aborted) setFailure(error);
    });
    return () => controller.abort();
  }, [transport, verb, search]);

  const run = async (): Promise<void> => {
    if (ids === undefined || stop.current === null) return;
    const { signal } = stop.current;
    setProgress({ done: 0, failed: 0 });
    await forEachRun(ids, (id) => act(transport, verb, id), setProgress, signal);
    await queryClient.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: RunService, cardinality: undefined }),
    });
    if (!signal.aborted) setOver(true);
  };
  const count = ids?.length ?? 0;
  const runsText = `${count.toLocaleString()} ${count === 1 ? "run" : "runs"}`;
  return (
    <ConfirmDialog
      title={title}
      action={ids === undefined ? action : `${action} ${runsText}`}
      look={verb === "cancel" ? "danger" : "strong"}
      keep={isOver ? "Close" : progress === undefined ? "Keep" : "Stop"}
      isRunning={progress !== undefined}
      isDisabled={count === 0}
      onConfirm={() => void run()}
      onClose={onClose}
    >
      {failure !== undefined && <p role="alert">{failureText(failure)}</p>}
      {failure === undefined && ids === undefined && <p role="status">Looking for runs …</p>}
      {ids !== undefined && progress === undefined && (
        <p>
          {count === 0 ? `No runs of this list ${which}.` : `${runsText} of this list ${which}.`}
          {count === MAX_RUNS && " There may be more: do the same again for them."}
        </p>
      )}
      {progress !== undefined && (
        <div className={styles["progress"]}>
          <progress max={count} value={progress.done + progress.failed} aria-label={title} />
          <p role="status">
            {progress.done.toLocaleString()} of {runsText} {done}
            {progress.failed > 0 && `, ${progress.failed.toLocaleString()} failed: ${failureText(progress.failure)}`}
          </p>
        </div>
      )}
    </ConfirmDialog>
  );
}

function act(transport: Transport, verb: Verb, runId: string): Promise<unknown> {
  return verb === "cancel"
    ? callUnaryMethod(transport, RunService.method.cancelRun, { runId })
    : callUnaryMethod(transport, RunService.method.replayRun, { runId, requestId: newRequestId() });
}

async function findRuns(transport: Transport, verb: Verb, search: RunsSearch, signal: AbortSignal) {
  const statuses = statusesFor(verb, search);
  if (statuses.length === 0) return [];
  const request = { ...listRequest({ ...search, page: "" }), statuses: [...statuses], pageSize: PAGE_SIZE };
  const readPage = async (pageToken: string) => {
    const asked: MessageInitShape<typeof ListRunsRequestSchema> = { ...request, pageToken };
    const { runs, nextPageToken } = await callUnaryMethod(transport, RunService.method.listRuns, asked, { signal });
    return { ids: runs.map(({ id }) => id), nextPageToken };
  };
  return collectIds(readPage, MAX_RUNS, signal);
}

/** Of the statuses that the list shows: only what lives can be canceled; what lives is not replayed. */
function statusesFor(verb: Verb, search: RunsSearch): readonly RunStatus[] {
  const shown = statusesOf(search);
  return (shown.length === 0 ? runStatuses : shown).filter(
    (status) => statusLook(status).isEnd === (verb === "replay"),
  );
}
