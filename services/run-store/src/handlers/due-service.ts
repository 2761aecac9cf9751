import type { Clock, ServiceCall } from "@windlass/chassis";
import type { DueService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { type ApplyDueOptions, applyDue } from "../due/apply-due.ts";
import { listDue } from "../due/list-due.ts";
import { watchDue } from "../due/watch-due.ts";
import { dueToken, parseApplyDue, parseListDue, parseWatchDue } from "../validation/due-requests.ts";

export function createDueService(
  options: ApplyDueOptions & { readonly clock: Clock },
): ServiceImplementation<typeof DueService, ServiceCall> {
  return {
    listDue: async (request) => {
      const { items, next } = await listDue(options, parseListDue(request));
      return { items, nextPageToken: next === undefined ? "" : dueToken(next) };
    },
    async *watchDue(request, call) {
      const { horizonMs } = parseWatchDue(request);
      for await (const items of watchDue(options.feed, horizonMs, call.signal)) yield { items };
    },
    applyDue: (request) => applyDue(options, parseApplyDue(request)),
  };
}
