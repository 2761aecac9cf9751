import { configure, runs, tasks } from "@windlass/sdk";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
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

/** A run that leaves a trace while it executes. */
interface TracedRun {
  readonly id: string;
  beats(): Beat[];
}

interface Beat {
  readonly attempt: number;
  readonly pid: number;
  readonly timeMs: number;
}

/** Triggers a run that may end once the file `gate` is there, and waits until its first attempt beats. */
async function startTraced(taskId: string, gate: string, options: { maxAttempts?: number } = {}): Promise<TracedRun> {
  const file = path.join(scratch.path, randomUUID());
  const { id } = await tasks.trigger(taskId, { file, gate }, options);
  const run = { id, beats: () => readBeats(file) };
  await waitFor(`${taskId} to execute`, () => run.beats().length > 0);
  return run;
}

function readBeats(file: string): Beat[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((text) => {
    const [attempt = 0, pid = 0, timeMs = 0] = text.split(" ").map(Number);
    return { attempt, pid, timeMs };
  });
}

const untilAgain = (run: TracedRun) =>
  waitFor("its second attempt to execute", () => run.beats().at(-1)?.attempt === 2);

/** No beat of an attempt came after one of the next: the file has them in the order in which they happened. */
function expectOneAtATime(run: TracedRun): void {
  const attempts = run.beats().map(({ attempt }) => attempt);
  expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
}

async function untilWaiting(run: TracedRun): Promise<void> {
  await waitFor("it to wait", async () => (await runs.retrieve(run.id)).status === "WAITING");
}

describe("a supervisor that is parted from the run-store for longer than its lease", () => {
  test.for(["refusing", "silent"] as const)(
    "ends its attempts before another supervisor begins them again, and comes back (%s line)",
    async (state) => {
      const gate = path.join(scratch.path, "gate");
      const beating = await Promise.all(BEATING.map((taskId) => startTraced(taskId, gate)));
      const waiting = await startTraced("waiting-once", gate);
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
      const again = await startTraced("beating", gate);
      expect(await runs.poll(again.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 1 } });
    },
  );
});

describe("a supervisor that is told to stop", () => {
  test("lets attempts end until its drain time is over, evicts the others, which costs them no attempt, and takes nothing new", async () => {
    const [soon, late] = [path.join(scratch.path, "soon"), path.join(scratch.path, "late")];
    const short = await startTraced("beating", soon, { maxAttempts: 1 });
    const long = await startTraced("deaf-beating", late, { maxAttempts: 1 });
    const waiting = await startTraced("waiting-once", late, { maxAttempts: 1 });
    await untilWaiting(waiting);
    const [old] = await supervisorIds();
    await cluster.start("supervisor-2");

    const stopped = cluster.member("supervisor").stop();
    openGate(soon);
    expect(await runs.poll(short.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 1 } });
    expect(await runs.poll(waiting.id)).toMatchObject({ status: "COMPLETED", output: { attempt: 2 } });
    const fresh = await startTraced("beating", soon);
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
    const beating = await Promise.all(BEATING.map((taskId) => startTraced(taskId, gate)));
    const waiting = await startTraced("waiting-once", gate);
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

function openGate(gate: string): void {
  writeFileSync(gate, "");
}
