import type { ServiceCall } from "@windlass/chassis";
import type { RunService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import type { QueueDueRunsOptions } from "../due/queue-due-runs.ts";
import { awaitRuns } from "../runs/await-runs.ts";
import { type CancelRunOptions, cancelRun } from "../runs/cancel-run.ts";
import { countRuns } from "../runs/count-runs.ts";
import type { ExplainHoldOptions } from "../runs/explain-hold.ts";
import { getRun } from "../runs/get-run.ts";
import { listRuns } from "../runs/list-runs.ts";
import { replayRun } from "../runs/replay-run.ts";
import { rescheduleRun } from "../runs/reschedule-run.ts";
import type { RunTrigger } from "../runs/trigger-runs.ts";
import { updateRun } from "../runs/update-run.ts";
import { type TimelineReader, watchRun } from "../runs/watch-run.ts";
import { parseListRuns } from "../validation/run-filter.ts";
import {
  parseCancelRun,
  parseGetRun,
  parseReplayRun,
  parseRescheduleRun,
  parseUpdateRun,
  parseWatchRun,
} from "../validation/run-requests.ts";
import { environmentOf, environmentToRead, readableBy } from "./caller.ts";

/** What the handlers of RunService work with. */
export interface RunServiceOptions extends CancelRunOptions, QueueDueRunsOptions, ExplainHoldOptions {
  readonly trigger: RunTrigger;
  readonly timelines: TimelineReader;
}

export function createRunService(options: RunServiceOptions): ServiceImplementation<typeof RunService, ServiceCall> {
  const { postgres, feed, clock, reader, timelines } = options;
  return {
    getRun: async (request, call) => {
      const { runId } = parseGetRun(request);
      return getRun(options, environmentToRead(call, runId), runId);
    },

    listRuns: async (request, call) => {
      const { filter, page } = parseListRuns(request);
      return listRuns(postgres, environmentOf(call), filter, page);
    },

    countRuns: async (_, call) => countRuns(postgres, environmentOf(call)),

    async *watchRun(request, call) {
      const wanted = parseWatchRun(request);
      const position = { environmentId: environmentToRead(call, wanted.runId), ...wanted };
      for await (const events of watchRun({ feed, timelines, clock }, position, call.signal)) yield { events };
    },

    async *awaitRuns(requests, call) {
      const answers = awaitRuns({ feed, reader, clock }, readableBy(call), requests, call.signal);
      for await (const results of answers) yield { results };
    },

    cancelRun: async (request, call) => ({
      run: await cancelRun(options, { environmentId: environmentOf(call), ...parseCancelRun(request) }),
    }),

    replayRun: async (request, call) => ({
      run: await replayRun(options, { environmentId: environmentOf(call), ...parseReplayRun(request) }),
    }),

    rescheduleRun: async (request, call) => {
      const move = parseRescheduleRun(request, clock.nowMs() * 1_000);
      return { run: await rescheduleRun(options, { environmentId: environmentOf(call), ...move }) };
    },

    updateRun: async (request, call) => ({
      run: await updateRun(postgres, { environmentId: environmentOf(call), ...parseUpdateRun(request) }),
    }),
  };
}
