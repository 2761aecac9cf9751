import { runs, tasks } from "@windlass/sdk";
import { connectToPostgres } from "../kit/connect-to-postgres.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { median } from "./stats.ts";
import type { noOp } from "./tasks/no-op.ts";

/** One part of a run's way, and the median of how long it took. */
export interface Hop {
  readonly name: string;
  readonly ms: number;
}

/** Moments of one run, microseconds since 1970 by the machine's one wall clock. The transactions' are their beginnings. */
interface Moments {
  readonly triggered: number;
  readonly acknowledged: number;
  readonly known: number;
  readonly stored: number;
  readonly claimed: number;
  readonly started: number;
  readonly ended: number;
  readonly finished: number;
}

const HOPS: readonly (readonly [name: string, from: keyof Moments, to: keyof Moments])[] = [
  ["trigger call -> run-store begins to store", "triggered", "stored"],
  ["store -> queue has it, run-store begins to claim", "stored", "claimed"],
  ["claim -> supervisor has it, worker begins", "claimed", "started"],
  ["worker: the attempt itself", "started", "ended"],
  ["worker ends -> run-store begins to finish", "ended", "finished"],
  ["finish -> result in the caller's hands", "finished", "known"],
  ["(beside it: store -> trigger answered)", "stored", "acknowledged"],
];

const STORED_MOMENTS = {
  name: "bench_moments",
  text: `SELECT r.id, ${["r.create_time", "r.start_time", "a.start_time", "a.finish_time", "r.finish_time"]
    .map((column, index) => `(extract(epoch FROM ${column}) * 1e6)::float8 AS m${index}`)
    .join(", ")}
    FROM runs r JOIN attempts a ON a.environment_id = r.environment_id AND a.run_id = r.id WHERE r.id = ANY ($1::text[])`,
};

interface StoredMoments {
  readonly id: string;
  readonly m0: number;
  readonly m1: number;
  readonly m2: number;
  readonly m3: number;
  readonly m4: number;
}

/** Where the time of a run goes, one run at a time. */
export async function measureHops(bench: BenchCluster, count: number): Promise<Hop[]> {
  const nowUs = () => (performance.timeOrigin + performance.now()) * 1000;
  const seen = new Map<string, Pick<Moments, "triggered" | "acknowledged" | "known">>();
  for (let i = 0; i < count; i++) {
    const triggered = nowUs();
    const handle = await tasks.trigger<typeof noOp>("bench-no-op", {});
    const acknowledged = nowUs();
    await runs.poll(handle);
    seen.set(handle.id, { triggered, acknowledged, known: nowUs() });
  }
  const postgres = await connectToPostgres(bench.cluster.postgres.url);
  try {
    const rows = await postgres.query<StoredMoments>(STORED_MOMENTS, [[...seen.keys()]]);
    const moments = rows.flatMap((row): Moments[] => {
      const own = seen.get(row.id);
      const [stored, claimed, started, ended, finished] = [row.m0, row.m1, row.m2, row.m3, row.m4];
      return own ? [{ ...own, stored, claimed, started, ended, finished }] : [];
    });
    return HOPS.map(([name, from, to]) => ({
      name,
      ms: median(moments.map((each) => (each[to] - each[from]) / 1000)),
    }));
  } finally {
    await postgres.stop();
  }
}
