import { useNavigate } from "@tanstack/react-router";
import { type Content, RunService } from "@windlass/proto";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { newRequestId } from "../../api/request-id.ts";
import { useAction } from "../../api/use-action.ts";
import { jsonText } from "../../format/content.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { JsonEditor, jsonProblem } from "../../parts/json-editor.tsx";
import styles from "./replay-run.module.css";

/** Triggers the same again, with its payload or another one, and goes to the new run. */
export function ReplayRun({ runId, payload }: { readonly runId: string; readonly payload: Content | undefined }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button icon={RotateCcw} onClick={() => setAsking(true)}>
        Replay
      </Button>
      {isAsking && <ReplayDialog runId={runId} payload={payload} onClose={() => setAsking(false)} />}
    </>
  );
}

function ReplayDialog(props: {
  readonly runId: string;
  readonly payload: Content | undefined;
  readonly onClose: () => void;
}) {
  const { runId, payload, onClose } = props;
  const navigate = useNavigate();
  const before = editableText(payload);
  const [text, setText] = useState(before);
  // One id for all tries of this dialog: two clicks are one run.
  const [requestId] = useState(newRequestId);
  const replay = useAction(RunService.method.replayRun, { changes: [RunService], done: () => "Triggered again" });
  const problem = jsonProblem(text);
  const submit = async (): Promise<void> => {
    if (problem !== undefined || replay.isRunning) return;
    const changed = text === before ? {} : { payload: contentOf(text, payload?.contentType) };
    const answer = await replay.run({ runId, requestId, ...changed });
    if (answer?.run === undefined) return;
    onClose();
    await navigate({ to: "/runs/$runId", params: { runId: answer.run.id } });
  };
  return (
    <ConfirmDialog
      title="Replay this run"
      action="Replay run"
      look="strong"
      keep="Close"
      size="wide"
      isRunning={replay.isRunning}
      isDisabled={problem !== undefined}
      onConfirm={() => void submit()}
      onClose={onClose}
    >
      <p>The same task, tags and metadata once more, as a new run. Its payload can be changed first.</p>
      <div className={styles["editor"]}>
        <JsonEditor
          label="Payload"
          value={text}
          onChange={setText}
          onSubmit={() => void submit()}
          placeholder="No payload"
        />
      </div>
      {problem !== undefined && <p role="status">This is not JSON yet: {problem}</p>}
    </ConfirmDialog>
  );
}

function editableText(payload: Content | undefined): string {
  if (payload === undefined || payload.contentType === "") return "";
  return jsonText(new TextDecoder().decode(payload.data)).text;
}

/** An emptied text is no payload. */
function contentOf(text: string, contentType = "") {
  if (text.trim() === "") return { data: new Uint8Array(), contentType: "" };
  const data = new TextEncoder().encode(JSON.stringify(JSON.parse(text)));
  return { data, contentType: contentType === "" ? "application/json" : contentType };
}
