import { useNavigate } from "@tanstack/react-router";
import { RunService } from "@windlass/proto";
import { RotateCcw } from "lucide-react";
import { newRequestId } from "../../api/request-id.ts";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";

/** Triggers the same again, and goes to the new run. */
export function ReplayRun({ runId }: { readonly runId: string }) {
  const navigate = useNavigate();
  const replay = useAction(RunService.method.replayRun, { changes: [RunService], done: () => "Triggered again" });
  const run = async (): Promise<void> => {
    const answer = await replay.run({ runId, requestId: newRequestId() });
    if (answer?.run !== undefined) await navigate({ to: "/runs/$runId", params: { runId: answer.run.id } });
  };
  return (
    <Button icon={RotateCcw} disabled={replay.isRunning} onClick={() => void run()}>
      Replay
    </Button>
  );
}
