import { setTimeout as sleep } from "node:timers/promises";
import { runIdsOf, type TestCluster, triggerAll } from "../kit/index.ts";
import type { Kind } from "./kinds.ts";

/** At most so many runs that have not ended: memory is compared under the same load from beginning to end. */
const WINDOW = 400;
const CHUNK = 100;
const LOOK_MS = 100;
/** Far longer than the longest run of a soak. */
const STUCK_MS = 120_000;

interface LiveRun {
  readonly id: string;
  readonly status: string;
  readonly taskId: string;
}

/**
 * Triggers the planned runs as others end, asks for the cancels that belong to them, and resolves when all have ended, with each run's kind. `onProgress` is told now and
 * then how many have ended. @throws when none ends for two minutes.
 */
export async function driveRuns(
  cluster: TestCluster,
  plan: readonly Kind[],
  onProgress: (ended: number) => void,
): Promise<ReadonlyMap<string, Kind>> {
  const clients = cluster.client();
  const kindOf = new Map<string, Kind>();
  const toCancel = new Set<string>();
  let lastEnded = 0;
  let lastEndMs = performance.now();
  const cancel = (runId: string) => clients.runs.cancelRun({ runId, reason: "the soak wants so" });

  for (;;) {
    const live = await listLive(cluster);
    const ended = kindOf.size - live.length;
    if (ended !== lastEnded) {
      lastEnded = ended;
      lastEndMs = performance.now();
    } else if (performance.now() - lastEndMs > STUCK_MS) {
      throw new Error(`no run ended for ${STUCK_MS / 1_000} s; left are ${JSON.stringify(live.slice(0, 20))}`);
    }
    onProgress(ended);
    if (ended === plan.length) return kindOf;

    const executing = live.filter(({ id, status }) => status === "EXECUTING" && toCancel.delete(id));
    await Promise.all(executing.map(({ id }) => cancel(id)));
    const room = Math.min(CHUNK, WINDOW - live.length, plan.length - kindOf.size);
    if (room > 0) {
      const kinds = plan.slice(kindOf.size, kindOf.size + room);
      const ids = await trigger(clients, kinds);
      for (const [index, id] of ids.entries()) {
        const kind = kinds[index];
        if (kind === undefined) continue;
        kindOf.set(id, kind);
        if (kind.cancel === "when executing") toCancel.add(id);
      }
      await Promise.all(ids.filter((id) => kindOf.get(id)?.cancel === "at once").map(cancel));
    }
    if (room < CHUNK) await sleep(LOOK_MS);
  }
}

async function trigger(clients: ReturnType<TestCluster["client"]>, kinds: readonly Kind[]): Promise<string[]> {
  const results = await triggerAll(
    clients,
    kinds.map(({ taskId, payload }) => ({
      taskId,
      payload: { data: Buffer.from(JSON.stringify(payload ?? { n: 1 })), contentType: "application/json" },
    })),
  );
  return runIdsOf(results);
}

function listLive(cluster: TestCluster): Promise<LiveRun[]> {
  return cluster.database.query<LiveRun>({
    name: "soak_live",
    text: `SELECT id, status::text, task_id AS "taskId" FROM runs WHERE finish_time IS NULL`,
  });
}
