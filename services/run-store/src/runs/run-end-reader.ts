import { type Batcher, createBatcher, type Queryable } from "@windlass/chassis";
import type { Run } from "@windlass/proto";
import { endToProto, runToProto } from "../conversions/run-to-proto.ts";
import { findRuns, type RunRef } from "../store/find-runs.ts";
import { readBareRunEnds, readRunEnds } from "../store/read-run-ends.ts";

/** Asks for all streams of this process together how runs stand, and for the ends of those that have ended. */
export interface RunEndReader {
  readonly find: Batcher<RunRef, "ended" | "open" | "missing">;
  /** The ended run with output and error; undefined when it did not fit beside others: ask again. */
  readonly read: Batcher<RunRef, Run | undefined>;
  /** The ended run without output and error; undefined when it has not ended. */
  readonly readBare: Batcher<RunRef, Run | undefined>;
}

export function createRunEndReader(db: Queryable): RunEndReader {
  return {
    find: createBatcher({ name: "awaited runs", run: (refs) => findRuns(db, refs) }),
    read: createBatcher({
      name: "ends of runs",
      run: async (refs) => {
        const rows = await readRunEnds(db, refs);
        return rows.map((row) => row && runToProto(row, endToProto(row.status, row)));
      },
    }),
    readBare: createBatcher({
      name: "ends of runs without results",
      run: async (refs) => {
        const rows = await readBareRunEnds(db, refs);
        return rows.map((row) => row && runToProto(row));
      },
    }),
  };
}
