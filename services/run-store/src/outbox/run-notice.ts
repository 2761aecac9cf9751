import { toBinary } from "@bufbuild/protobuf";
import type { DurableMessage, StreamOptions } from "@windlass/chassis";
import { RunNoticeSchema } from "@windlass/proto";
import type { ChangedRun } from "../announce-changes.ts";
import { runStatusToProto } from "../run-state.ts";

/** Of every run notice: windlass.v1.<environment>.run.<status>.<run>, with the status as in the protocol, for example "COMPLETED". */
export const RUN_SUBJECTS = "windlass.v1.*.run.*.*";

/** Where programs outside the cluster read what happened to runs, in their own time. */
export const RUN_STREAM: StreamOptions = {
  name: "windlass_runs",
  subjects: [RUN_SUBJECTS],
  maxAgeMs: 24 * 60 * 60 * 1_000,
  maxBytes: 1024 * 1024 * 1024,
};

/** The notice of a change. Its id is the run and its revision, so that JetStream drops the second of two that tell the same. */
export function runNoticeMessage(change: Omit<ChangedRun, "eventSeq">): DurableMessage {
  const { environmentId, runId, taskId, status, revision } = change;
  return {
    subject: `windlass.v1.${environmentId}.run.${status}.${runId}`,
    data: toBinary(RunNoticeSchema, {
      $typeName: "windlass.v1.RunNotice",
      runId,
      environmentId,
      taskId,
      status: runStatusToProto(status),
      revision: BigInt(revision),
    }),
    id: `${runId}.${revision}`,
  };
}
