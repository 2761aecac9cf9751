import type { MessageInitShape } from "@bufbuild/protobuf";
import { useNavigate } from "@tanstack/react-router";
import { RunService, TaskService, type TriggerSchema } from "@windlass/proto";
import { useRef } from "react";
import { newRequestId } from "../../api/request-id.ts";
import { useAction } from "../../api/use-action.ts";

type TriggerInit = Omit<MessageInitShape<typeof TriggerSchema>, "$typeName" | "requestId">;

/** Triggers a task and goes to its run. Pressed again after a break, the same trigger makes no second run; `changed` says that it is another from now on. */
export function useTrigger(): {
  readonly isRunning: boolean;
  readonly changed: () => void;
  readonly run: (trigger: TriggerInit) => Promise<void>;
} {
  const navigate = useNavigate();
  const requestId = useRef("");
  const action = useAction(TaskService.method.triggerTask, {
    changes: [RunService],
    done: ({ run }) => (run?.isCached === true ? "Its key stood for this run already" : "Triggered"),
  });
  return {
    isRunning: action.isRunning,
    changed() {
      requestId.current = "";
    },
    async run(trigger) {
      if (requestId.current === "") requestId.current = newRequestId();
      const answer = await action.run({ trigger: { ...trigger, requestId: requestId.current } });
      if (answer?.run === undefined) return;
      requestId.current = "";
      await navigate({ to: "/runs/$runId", params: { runId: answer.run.runId } });
    },
  };
}
