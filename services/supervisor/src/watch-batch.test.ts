import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ACTING_FOR_HEADER, createFakeClock, type FakeClock } from "@windlass/chassis";
import {
  BatchWaitSchema,
  ErrorReason,
  type ListRunsRequestSchema,
  ListRunsResponseSchema,
  RunStatus,
} from "@windlass/proto";
import { CallFailure, status } from "@windlass/proto/grpc";
import { beforeEach, describe, expect, it } from "vitest";
import type { AwaitEnds } from "./await-ends.ts";
import { testLogger as logger } from "./testing/start-peer.ts";
import { watchBatch } from "./watch-batch.ts";

const pageSize = 3;

let clock: FakeClock;
let open: string[];
let watched: Map<string, () => void>;
let mostWatched: number;
let listed: { request: MessageInitShape<typeof ListRunsRequestSchema>; environmentId: string }[];
let failure: CallFailure | undefined;
let overs: number;

beforeEach(() => {
  clock = createFakeClock();
  [open, listed, watched] = [[], [], new Map()];
  [mostWatched, overs, failure] = [0, 0, undefined];
});

const ends: AwaitEnds = {
  watch(id, onEnd) {
    watched.set(id, onEnd);
    mostWatched = Math.max(mostWatched, watched.size);
    return () => watched.delete(id);
  },
  close: async () => {},
};

/** A batch whose runs that have not ended are `open`, newest first; page tokens are ids. */
const runs: Parameters<typeof watchBatch>[0]["runs"] = {
  async listRuns(request, options) {
    listed.push({
      request,
      environmentId: String(options?.metadata?.get(ACTING_FOR_HEADER)[0]),
    });
    if (failure !== undefined) throw failure;
    const { pageToken = "" } = request;
    const rest = open.filter((id) => pageToken === "" || id < pageToken);
    const page = rest.slice(0, pageSize);
    const nextPageToken = rest.length > page.length ? (page.at(-1) ?? "") : "";
    return create(ListRunsResponseSchema, { runs: page.map((id) => ({ id })), nextPageToken });
  },
};

function watch(batch: { runIds?: string[] } = {}): () => void {
  const options = { environmentId: "env_test", runs, endsOfRuns: () => ends, pageSize, clock, logger };
  return watchBatch(options, create(BatchWaitSchema, { batchId: "batch_1", ...batch }), () => (overs += 1));
}

async function end(...ids: string[]): Promise<void> {
  for (const id of ids) {
    open = open.filter((each) => each !== id);
    const onEnd = watched.get(id);
    watched.delete(id);
    onEnd?.();
  }
  await clock.advance(0);
}

const refuse = (reason: ErrorReason): CallFailure =>
  new CallFailure({ code: status.UNAVAILABLE, reason, message: "refused by the test" });

describe("a wait for a batch", () => {
  it("is over when all of its runs have ended, of which it knows a page at a time, newest first", async () => {
    open = ["run_7", "run_6", "run_5", "run_4", "run_3", "run_2", "run_1"];
    watch();
    await clock.advance(0);
    expect(Array.from(watched.keys())).toEqual(["run_7", "run_6", "run_5"]);
    expect(listed).toMatchObject([{ request: { batchId: "batch_1", pageSize }, environmentId: "env_test" }]);
    await end("run_6", "run_5");
    expect(listed).toHaveLength(1);
    await end("run_4", "run_7");
    expect(Array.from(watched.keys())).toEqual(["run_3", "run_2", "run_1"]);
    await end("run_1", "run_3");
    expect(overs).toBe(0);
    await end("run_2");
    expect([overs, mostWatched, listed.length]).toEqual([1, pageSize, 2]);
  });

  it("asks for runs in every status that is no end, and no other", async () => {
    watch();
    await clock.advance(0);
    const all = Object.values(RunStatus).filter((value) => typeof value === "number");
    const isEnd = (each: RunStatus) => each >= RunStatus.COMPLETED || each === RunStatus.UNSPECIFIED;
    expect(listed[0]?.request.statuses?.toSorted((a, b) => a - b)).toEqual(all.filter((each) => !isEnd(each)));
  });

  it("of which all runs have ended is over, but never in the same turn", async () => {
    watch();
    expect(overs).toBe(0);
    await clock.advance(0);
    expect(overs).toBe(1);
  });

  it("is for the runs named beside it too, a page at a time and each once", async () => {
    open = ["run_9"];
    watch({ runIds: ["run_1", "run_2", "run_2", "run_3"] });
    await clock.advance(0);
    await end("run_1", "run_2");
    expect([mostWatched, listed.length]).toEqual([2, 0]);
    await end("run_3");
    await end("run_9");
    expect(overs).toBe(1);
  });

  it("asks again while the cluster does not answer, and ends when there can be no such batch", async () => {
    failure = refuse(ErrorReason.NOT_READY);
    watch();
    await clock.advance(60_000);
    expect(listed.length).toBeGreaterThan(2);
    expect(overs).toBe(0);
    failure = refuse(ErrorReason.FIELD_INVALID);
    await clock.advance(60_000);
    expect(overs).toBe(1);
  });

  it("that is taken back watches nothing any more, and is never over", async () => {
    open = ["run_2", "run_1"];
    const takeBack = watch();
    await clock.advance(0);
    takeBack();
    expect(watched.size).toBe(0);
    failure = refuse(ErrorReason.NOT_READY);
    watch()();
    await clock.advance(60_000);
    expect([overs, listed.length]).toEqual([0, 2]);
  });
});
