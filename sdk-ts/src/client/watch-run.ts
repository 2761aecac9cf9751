import type { RunEvent, RunService } from "@windlass/proto";
import { callFailureFromServiceError, type Client } from "@windlass/proto/grpc";
import { backOff, isRefusal } from "./retrying.ts";
import { windlassErrorFrom } from "./windlass-error.ts";

/**
 * A run's timeline after `afterSeq`, in batches as they become known, until the run is over. Survives breaks: it goes
 * on after the last event it has seen, so nothing is missed or comes twice. Throws a WindlassError when the cluster
 * refuses, or cannot be reached for as long as the time limit; ends when the signal aborts.
 */
export async function* watchRun(
  client: Client<typeof RunService>,
  runId: string,
  {
    afterSeq,
    signal,
    timeoutMs,
  }: { readonly afterSeq: bigint; readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): AsyncGenerator<RunEvent[], void, undefined> {
  const isUnwanted = (): boolean => signal?.aborted === true;
  let lastSeq = afterSeq;
  let failedTries = 0;
  let brokenSinceMs: number | undefined;
  for (;;) {
    try {
      for await (const { events } of client.watchRun({ runId, afterSeq: lastSeq }, { signal })) {
        lastSeq = events.at(-1)?.seq ?? lastSeq;
        failedTries = 0;
        brokenSinceMs = undefined;
        yield events;
      }
      return;
    } catch (error) {
      if (isUnwanted()) return;
      const failure = callFailureFromServiceError(error);
      brokenSinceMs ??= performance.now();
      if (isRefusal(failure) || performance.now() - brokenSinceMs > timeoutMs) throw windlassErrorFrom(failure);
    }
    await backOff(failedTries++, signal);
    if (isUnwanted()) return;
  }
}
