import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RunErrorSchema } from "@windlass/proto";
import type { HookReport } from "./lifecycle/lifecycle-attempt.ts";
import type { Outbox } from "./outbox.ts";
import { sendLog } from "./task-log.ts";

/** Says in the run's timeline that a hook threw and the attempt went on: nothing else would show it among the logs. */
export function logIgnoredError(
  outbox: Outbox,
  { hook, scope, name }: HookReport,
  error: MessageInitShape<typeof RunErrorSchema> | undefined,
): void {
  const where = name === "" ? `${scope} ${hook}` : `${scope} ${hook} "${name}"`;
  sendLog(outbox, "warn", `${where} threw, which was ignored: ${error?.name}: ${error?.message}`, undefined);
}
