import { RunStatus, RunStatusSchema } from "@windlass/proto";

/** What kind of state something is in; styles/tokens.css has a pair of colours for each. */
export type Tone = "good" | "bad" | "busy" | "wait" | "calm";

/** A status as people read it. */
export interface StatusLook {
  readonly word: string;
  readonly tone: Tone;
  readonly isEnd: boolean;
}

const looks: Readonly<Record<RunStatus, StatusLook>> = {
  [RunStatus.UNSPECIFIED]: { word: "Unknown", tone: "calm", isEnd: false },
  [RunStatus.DELAYED]: { word: "Delayed", tone: "wait", isEnd: false },
  [RunStatus.PENDING_VERSION]: { word: "Pending version", tone: "wait", isEnd: false },
  [RunStatus.QUEUED]: { word: "Queued", tone: "calm", isEnd: false },
  [RunStatus.EXECUTING]: { word: "Executing", tone: "busy", isEnd: false },
  [RunStatus.WAITING]: { word: "Waiting", tone: "wait", isEnd: false },
  [RunStatus.RETRYING]: { word: "Retrying", tone: "wait", isEnd: false },
  [RunStatus.CANCELING]: { word: "Canceling", tone: "busy", isEnd: false },
  [RunStatus.COMPLETED]: { word: "Completed", tone: "good", isEnd: true },
  [RunStatus.FAILED]: { word: "Failed", tone: "bad", isEnd: true },
  [RunStatus.CRASHED]: { word: "Crashed", tone: "bad", isEnd: true },
  [RunStatus.SYSTEM_FAILURE]: { word: "System failure", tone: "bad", isEnd: true },
  [RunStatus.TIMED_OUT]: { word: "Timed out", tone: "bad", isEnd: true },
  [RunStatus.CANCELED]: { word: "Canceled", tone: "calm", isEnd: true },
  [RunStatus.EXPIRED]: { word: "Expired", tone: "bad", isEnd: true },
};

/** How a status is shown; one of a newer cluster is "Unknown". */
export function statusLook(status: RunStatus): StatusLook {
  return looks[status] ?? looks[RunStatus.UNSPECIFIED];
}

/** Every status that a run can be in, in the order of a run's life. */
export const runStatuses: readonly RunStatus[] = RunStatusSchema.values
  .map(({ number }) => number as RunStatus)
  .filter((status) => status !== RunStatus.UNSPECIFIED);

/** "FAILED": as URLs and programs name it. */
export function statusName(status: RunStatus): string {
  return RunStatusSchema.value[status]?.localName ?? "UNSPECIFIED";
}

/** The status of that name; undefined when there is none. */
export function statusOfName(name: string): RunStatus | undefined {
  return runStatuses.find((status) => statusName(status) === name);
}

/** The URL's text for the ends that are nobody's wish: what CountRuns counts as failed. */
export const failedStatusText: string = runStatuses
  .filter((status) => statusLook(status).tone === "bad")
  .map(statusName)
  .join(",");
