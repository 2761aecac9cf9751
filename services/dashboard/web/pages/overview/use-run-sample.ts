import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Run, RunService, type RunStatus } from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { type PeriodName, periods } from "./periods.ts";

/** What the charts need of a run. */
export interface SampledRun {
  readonly id: string;
  readonly taskId: string;
  readonly status: RunStatus;
  /** When it could have begun: when it was triggered, or what its delay put that off to. */
  readonly readyMs: number;
  readonly startMs: number | undefined;
  readonly finishMs: number | undefined;
}

/** Runs triggered in a period, newest first. */
export interface RunSample {
  readonly runs: readonly SampledRun[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Since when `runs` has all of them: `fromMs`, or later when there are too many. */
  readonly oldestMs: number;
  readonly isWhole: boolean;
}

const PAGE_SIZE = 1_000;
const MAX_PAGES = 5;
const REFRESH_MS = 5_000;
/** Many pages are much to read. */
const REFRESH_LARGE_MS = 30_000;

/** The runs triggered in a period, as many of the newest as can be read in reasonable time, and read anew now and then. */
export function useRunSample(period: PeriodName) {
  const transport = useTransport();
  return useQuery({
    queryKey: ["overview", period],
    queryFn: ({ signal }) => readSample(createClient(RunService, transport), period, signal),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => ((state.data?.runs.length ?? 0) > PAGE_SIZE ? REFRESH_LARGE_MS : REFRESH_MS),
  });
}

async function readSample(
  client: ReturnType<typeof createClient<typeof RunService>>,
  period: PeriodName,
  signal: AbortSignal,
): Promise<RunSample> {
  const toMs = Date.now();
  const fromMs = toMs - periods[period].lengthMs;
  const runs: SampledRun[] = [];
  let oldestMs = fromMs;
  let pageToken = "";
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await client.listRuns({ pageSize: PAGE_SIZE, pageToken }, { signal });
    const fresh = answer.runs.filter(({ createTime }) => (msOf(createTime) ?? 0) >= fromMs);
    runs.push(...fresh.map(sampled));
    pageToken = answer.nextPageToken;
    if (pageToken === "" || fresh.length < answer.runs.length)
      return { runs, fromMs, toMs, oldestMs: fromMs, isWhole: true };
    oldestMs = msOf(answer.runs.at(-1)?.createTime) ?? fromMs;
  }
  return { runs, fromMs, toMs, oldestMs, isWhole: false };
}

function sampled(run: Run): SampledRun {
  const { id, taskId, status } = run;
  const readyMs = Math.max(msOf(run.createTime) ?? 0, msOf(run.options?.startTime) ?? 0);
  return { id, taskId, status, readyMs, startMs: msOf(run.startTime), finishMs: msOf(run.finishTime) };
}
