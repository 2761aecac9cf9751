import { createQueryOptions, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueries } from "@tanstack/react-query";
import { type Run, RunService } from "@windlass/proto";
import { jsonText } from "../../format/content.ts";

/** A payload that a run of the task had. */
export interface RecentPayload {
  readonly run: Run;
  readonly text: string;
  readonly contentType: string;
}

const MAX_RUNS = 10;
/** A larger one is no text to edit in a browser. */
const MAX_BYTES = 100_000;
const decoder = new TextDecoder();

/** The payloads of a task's last runs, newest first, each once; undefined while they are being read. Payloads stay as they are, so each is read once. */
export function useRecentPayloads(taskId: string): readonly RecentPayload[] | undefined {
  const transport = useTransport();
  const list = useQuery(RunService.method.listRuns, { taskId, pageSize: MAX_RUNS });
  const ids = list.data?.runs.map(({ id }) => id) ?? [];
  const answers = useQueries({
    queries: ids.map((runId) => ({
      ...createQueryOptions(RunService.method.getRun, { runId }, { transport }),
      staleTime: Infinity,
    })),
  });
  if (list.isPending || answers.some(({ isPending }) => isPending)) return undefined;
  const all = answers.flatMap(({ data }) => payloadOf(data?.run) ?? []);
  return all.filter(({ text }, index) => all.findIndex((other) => other.text === text) === index);
}

function payloadOf(run: Run | undefined): RecentPayload | undefined {
  const payload = run?.payload;
  if (run === undefined || payload === undefined || payload.contentType === "") return undefined;
  if (payload.data.byteLength > MAX_BYTES) return undefined;
  return { run, text: jsonText(decoder.decode(payload.data)).text, contentType: payload.contentType };
}
