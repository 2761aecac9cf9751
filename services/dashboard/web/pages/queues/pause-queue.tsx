import { type Queue, QueueService } from "@windlass/proto";
import { Pause, Play } from "lucide-react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";

/** Pauses a queue, or ends its pause. It asks nothing: the same button takes it back. */
export function PauseQueue({ queue }: { readonly queue: Queue }) {
  const { name, isPaused } = queue;
  const changes = [QueueService];
  const pause = useAction(QueueService.method.pauseQueue, {
    changes,
    done: () => `${name} is paused: none of its runs begins. Those that execute go on.`,
  });
  const resume = useAction(QueueService.method.resumeQueue, { changes, done: () => `${name} goes on.` });
  const { isRunning, run } = isPaused ? resume : pause;
  const title = `${isPaused ? "Resume" : "Pause"} ${name}`;
  return (
    <Button
      look="bare"
      icon={isPaused ? Play : Pause}
      aria-label={title}
      title={title}
      disabled={isRunning}
      onClick={() => void run({ name })}
    />
  );
}
