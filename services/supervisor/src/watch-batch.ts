import { actingFor, type Clock, type Logger } from "@windlass/chassis";
import { type BatchWait, ErrorReason, type ListRunsResponse, type RunService, RunStatus } from "@windlass/proto";
import { backoffMs, type Client, callFailureFromServiceError } from "@windlass/proto/grpc";
import type { AwaitEnds } from "./await-ends.ts";

const notEnded = [
  RunStatus.DELAYED,
  RunStatus.PENDING_VERSION,
  RunStatus.QUEUED,
  RunStatus.EXECUTING,
  RunStatus.WAITING,
  RunStatus.RETRYING,
  RunStatus.CANCELING,
];

/**
 * Calls `onOver` once, when all runs of a batch have ended, and those named beside them. Returns what takes that back. Only
 * `pageSize` of them are known at a time: a page of those that have not ended is listed, newest first, and their ends are
 * awaited, then the next page. What has ended stays so, hence every run is looked at once.
 */
export function watchBatch(
  options: {
    environmentId: string;
    runs: Pick<Client<typeof RunService>, "listRuns">;
    /** Asked for every time: it is closed when nothing is awaited. */
    endsOfRuns: () => AwaitEnds;
    pageSize: number;
    clock: Clock;
    logger: Logger;
  },
  { batchId, runIds }: BatchWait,
  onOver: () => void,
): () => void {
  const { environmentId, runs, endsOfRuns, pageSize, clock, logger } = options;
  const takenBack = new AbortController();
  const { signal } = takenBack;

  async function watch(): Promise<void> {
    for (let start = 0; start < runIds.length; start += pageSize) await ends(runIds.slice(start, start + pageSize));
    for (let pageToken: string | undefined = ""; pageToken !== undefined;) {
      const page = await list(pageToken);
      await ends(page.runs.map(({ id }) => id));
      pageToken = page.nextPageToken === "" ? undefined : page.nextPageToken;
    }
  }

  /** Resolves when all of them have ended; not at all when the wait is taken back. */
  async function ends(ids: readonly string[]): Promise<void> {
    await Promise.all(Array.from(new Set(ids), end));
  }

  function end(id: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const takeBack = endsOfRuns().watch(id, () => {
      signal.removeEventListener("abort", takeBack);
      resolve();
    });
    signal.addEventListener("abort", takeBack, { once: true });
    return promise;
  }

  /** Asks until it is answered. */
  async function list(pageToken: string): Promise<Pick<ListRunsResponse, "runs" | "nextPageToken">> {
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      try {
        return await runs.listRuns(
          { batchId, statuses: notEnded, pageSize, pageToken },
          { signal, metadata: actingFor(environmentId) },
        );
      } catch (error) {
        signal.throwIfAborted();
        const { reason } = callFailureFromServiceError(error);
        logger.debug("the runs of a batch could not be listed", { batchId, error });
        // No batch has such an id, so there is nothing to wait for.
        if (reason === ErrorReason.FIELD_INVALID) return { runs: [], nextPageToken: "" };
        await clock.sleep(backoffMs(failures), signal);
      }
    }
  }

  watch().then(onOver, (error: unknown) => {
    if (!signal.aborted) logger.error("a wait for a batch was given up", { batchId, error });
  });
  return () => takenBack.abort();
}
