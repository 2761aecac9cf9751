import { configure, runs } from "@windlass/sdk";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  checkInvariants,
  checkSettled,
  createScratchDirectory,
  listProcesses,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";
import { expectOneAtATime, openGate, startTraced, untilAgain, untilWaiting } from "./traced-runs.ts";

const TASKS = fileURLToPath(new URL("life-tasks", import.meta.url));
const BEATING = ["beating", "deaf-beating", "child-beating"] as const;
/** Long enough for an attempt that may end now, on any machine. */
const DRAIN_MS = 6_000;

let cluster: TestCluster;
let scratch: ReturnType<typeof createScratchDirectory>;

beforeAll(async () => {
  cluster = await startCluster({
    instances: { supervisor: 2 },
    workers: 4,
    parted: ["supervisor"],
    memberEnv: { supervisor: { WINDLASS_DRAIN_TIMEOUT_MS: String(DRAIN_MS) } },
  });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await cluster.deploy(TASKS);
});

afterAll(() => cluster.end());

/** Every test begins with what it breaks alone in the cluster, so that it has every run. */
beforeEach(async () => {
  scratch = createScratchDirectory();
  await cluster.stop("supervisor-2");
  await cluster.start("supervisor");
});

afterEach(async () => {
  expect(await checkInvariants(cluster.database)).toEqual([]);
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
  scratch.remove();
});

describe("a supervisor that is parted from the run-store for longer than its lease", () => {
  test.for(["refusing", "silent"] as const)(
    "ends its attempts before another supervisor begins them again, and comes back (%s line)",
    async (state) => {
      const gate = path.join(scratch.path, "gate");
      const beating = await Promise.all(BEATING.map((taskId) => startTraced(scratch.path, taskId, gate)));
      const waiting = await startTraced(scratch.path, "waiting-once", gate);
      await untilWaiting(waiting);

      cluster.line("supervisor").set(state);
      await cluster.start("supervisor-2");
      await Promise.all([...beating, waiting].map(untilAgain));
      openGate(gate);

      for (const run of [...beating, waiting]) {
        expect(await runs.poll(run.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 } });
        const { attempts } = await runs.retrieve(run.id);
        expect(attempts).toMatchObject([
          { outcome: "LOST", error: { code: "SUPERVISOR_LOST" } },
          { outcome: "SUCCEEDED" },
        ]);
        expectOneAtATime(run);
        // The lease ended when the attempt was called lost, not before; that is when nothing of it may execute any more.
        const last = run.beats().findLast(({ attempt }) => attempt === 1);
        expect(last?.timeMs).toBeLessThan(attempts[0]?.finishedAt?.getTime() ?? 0);
      }

      cluster.line("supervisor").set("open");
      await cluster.stop("supervisor-2");
      const again = await startTraced(scratch.path, "beating", gate);
      expect(await runs.poll(again.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 1 } });
    },
  );
});

describe("a supervisor that is told to stop", () => {
  test("lets attempts end until its drain time is over, evicts the others, which costs them no attempt, and takes nothing new", async () => {
    const [soon, late] = [path.join(scratch.path, "soon"), path.join(scratch.path, "late")];
    const short = await startTraced(scratch.path, "beating", soon, { maxAttempts: 1 });
    const long = await startTraced(scratch.path, "deaf-beating", late, { maxAttempts: 1 });
    const waiting = await startTraced(scratch.path, "waiting-once", late, { maxAttempts: 1 });
    await untilWaiting(waiting);
    const [old] = await supervisorIds();
    await cluster.start("supervisor-2");

    const stopped = cluster.member("supervisor").stop();
    openGate(soon);
    expect(await runs.poll(short.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 1 } });
    expect(await runs.poll(waiting.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 } });
    const fresh = await startTraced(scratch.path, "beating", soon);
    expect(await runs.poll(fresh.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 1 } });
    expect(await supervisorsOf(fresh.id)).not.toContain(old);

    await untilAgain(long);
    openGate(late);
    expect(await stopped).toMatchObject({ code: 0 });
    expect(await runs.poll(long.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 }, maxAttempts: 2 });
    for (const run of [long, waiting]) {
      expect((await runs.retrieve(run.id)).attempts).toMatchObject([
        { outcome: "LOST", error: { code: "EVICTED" } },
        { outcome: "SUCCEEDED" },
      ]);
      expectOneAtATime(run);
    }
  });
});

describe("a supervisor that is killed", () => {
  test("takes its workers with it, busy, forked and suspended ones, before its lease ends and other attempts begin", async () => {
    const gate = path.join(scratch.path, "gate");
    const beating = await Promise.all(BEATING.map((taskId) => startTraced(scratch.path, taskId, gate)));
    const waiting = await startTraced(scratch.path, "waiting-once", gate);
    await untilWaiting(waiting);
    const pids = cluster.workerPids();
    expect(pids).toEqual(expect.arrayContaining([...beating, waiting].flatMap((run) => run.beats()[0]?.pid ?? [])));

    await cluster.kill("supervisor");
    await waitFor("its workers to be gone", () => !listProcesses().some(({ pid }) => pids.includes(pid)));
    for (const run of beating) expect(run.beats().at(-1)?.attempt).toBe(1);
    await cluster.start("supervisor");
    await Promise.all([...beating, waiting].map(untilAgain));
    openGate(gate);
    for (const run of [...beating, waiting]) {
      expect(await runs.poll(run.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 } });
      expectOneAtATime(run);
    }
  });
});

async function supervisorIds(): Promise<string[]> {
  const rows = await cluster.database.query<{ id: string }>({
    name: "life_supervisors",
    text: "SELECT id FROM supervisors",
  });
  return rows.map(({ id }) => id);
}

/** Which supervisors had its attempts. */
async function supervisorsOf(runId: string): Promise<string[]> {
  const rows = await cluster.database.query<{ id: string }>(
    { name: "life_supervisors_of", text: "SELECT supervisor_id AS id FROM attempts WHERE run_id = $1" },
    [runId],
  );
  return rows.map(({ id }) => id);
}
