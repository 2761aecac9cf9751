import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { configure, deployments, queues, type RunSnapshot, runs, tasks, wait } from "@windlass/sdk";
import { BuildError, ImportError } from "@windlass/sdk/build";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  checkInvariants,
  checkSettled,
  createGate,
  runIdsOf,
  runWindlass,
  startCluster,
  type TestCluster,
  triggerAll,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ workers: 4 });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
});

afterAll(() => cluster.end());

const TASKS = fileURLToPath(new URL("deploy-tasks", import.meta.url));
const LATER = `import { task } from "@windlass/sdk";
export const later = task({ id: "later", run: async () => "done" });`;

/** Deploys a copy of the tasks that calls itself so, with files beside; gives its version. */
async function deployCopy(label: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-deploys-"));
  try {
    await cp(TASKS, folder, { recursive: true });
    const all = { "label.ts": `export const label = ${JSON.stringify(label)};`, ...files };
    for (const [name, source] of Object.entries(all)) await writeFile(path.join(folder, name), source);
    return (await cluster.deploy(folder)).version;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const currentVersion = async () => (await deployments.retrieveCurrent()).version;
const status = async (id: string) => (await runs.retrieve(id)).status;

/** What the code said that executed a run, and before it what failed attempts said. */
interface Told {
  readonly label: string;
  readonly version: string;
  readonly pid: number;
  readonly before?: Told;
}

/** A run that is over, by the words of its code. */
async function endOf(id: string): Promise<RunSnapshot<unknown, Told>> {
  const run = await runs.poll(id);
  expect(run.status).toBe("COMPLETED");
  return run as RunSnapshot<unknown, Told>;
}

/** Labels under which attempts failed. */
async function failedLabels(id: string): Promise<string[]> {
  const { attempts } = await runs.retrieve(id);
  return attempts.flatMap(({ error }) => (error === undefined ? [] : [error.message]));
}

test("running, waiting and failing runs stay on their version across a deployment and a rollback; queued ones take the current, pinned ones their own", async () => {
  using gate = createGate();
  const one = await deployCopy("one");
  const token = await wait.createToken({ timeout: "10m" });
  const [executing, repeating, suspended] = await Promise.all([
    tasks.trigger("held", { gate: gate.file }),
    tasks.trigger("repeated", { gate: gate.file }),
    tasks.trigger("waiting", { token: token.id }),
  ]);
  await waitFor("the first to execute", async () => (await status(executing.id)) === "EXECUTING");
  await waitFor("the second to have failed once", async () => (await failedLabels(repeating.id)).length > 0);
  await waitFor("the third to be suspended", async () => (await status(suspended.id)) === "WAITING");
  await queues.pause({ type: "task", name: "quick" });
  const queued = await tasks.trigger("quick", {});
  const pinned = await tasks.trigger("quick", {}, { version: one });

  const two = await deployCopy("two");
  expect(two).not.toBe(one);
  const fresh = await tasks.trigger("flaky", {});
  expect(await endOf(fresh.id)).toMatchObject({ version: two, output: { label: "two", version: two } });
  expect(await failedLabels(fresh.id)).toEqual(["two", "two"]);
  await queues.resume({ type: "task", name: "quick" });
  expect(await endOf(queued.id)).toMatchObject({ version: two, output: { label: "two", version: two } });
  expect(await endOf(pinned.id)).toMatchObject({ version: one, output: { label: "one", version: one } });

  expect(await deployments.rollback({ from: two })).toMatchObject({ version: one, isCurrent: true });
  expect((await endOf((await tasks.trigger("quick", {})).id)).output?.label).toBe("one");
  expect(await deployments.promote(two)).toMatchObject({ version: two });
  expect((await endOf((await tasks.trigger("quick", {})).id)).output?.label).toBe("two");

  gate.open();
  await wait.completeToken(token, {});
  expect(await endOf(executing.id)).toMatchObject({ version: one, attemptCount: 1, output: { label: "one" } });
  const resumed = (await endOf(suspended.id)).output;
  expect(resumed).toMatchObject({ label: "one", version: one, before: { label: "one", version: one } });
  expect(resumed?.pid).toBe(resumed?.before?.pid);
  expect(await endOf(repeating.id)).toMatchObject({ version: one, output: { label: "one" } });
  expect(new Set(await failedLabels(repeating.id))).toEqual(new Set(["one"]));
});

test("a broken version fails before it is stored: nothing has changed, whatever is wrong with it", async () => {
  const good = await deployCopy("good");
  const before = await cluster.client().deployments.listDeployments({});
  await expect(deployCopy("throws", { "broken.ts": "throw new Error('boom');" })).rejects.toBeInstanceOf(ImportError);
  await expect(deployCopy("syntax", { "broken.ts": "export const x = ;" })).rejects.toBeInstanceOf(BuildError);
  await expect(deployCopy("import", { "broken.ts": 'import "./nowhere.ts";' })).rejects.toBeInstanceOf(BuildError);
  const twice = LATER.replace('"later"', '"quick"');
  await expect(deployCopy("one id twice", { "broken.ts": twice })).rejects.toBeInstanceOf(ImportError);
  const limits = (id: string, limit: number) =>
    `task({ id: "${id}", queue: { name: "shared", concurrencyLimit: ${limit} }, run: async () => {} })`;
  const contradiction = `import { task } from "@windlass/sdk";
    export const a = ${limits("a", 1)};
    export const b = ${limits("b", 2)};`;
  await expect(deployCopy("contradiction", { "broken.ts": contradiction })).rejects.toThrow(/shared/u);
  expect(await cluster.client().deployments.listDeployments({})).toEqual(before);
  expect((await endOf((await tasks.trigger("quick", {})).id)).version).toBe(good);
});

test("windlass rollback is one command; a queued run whose task it takes away waits for a version that has it", async () => {
  const without = await deployCopy("without");
  const having = await deployCopy("having", { "later.ts": LATER });
  await queues.pause({ type: "task", name: "later" });
  const queued = await tasks.trigger("later", {});
  const { exitCode, stdout } = await runWindlass(["rollback"], cluster);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${without}  current\n` });
  await queues.resume({ type: "task", name: "later" });
  await waitFor("the run to wait for a version", async () => (await status(queued.id)) === "PENDING_VERSION");
  expect(await runs.retrieve(queued.id)).toMatchObject({ attemptCount: 0, hold: { reason: "VERSION_MISSING" } });
  const listed = await runWindlass(["deployments", "list", "--limit", "2"], cluster);
  expect(listed.stdout).toMatch(new RegExp(`^VERSION.*\n${having} .*${without}\n${without} .*current\n$`, "u"));
  await runWindlass(["promote", having], cluster);
  expect(await runs.poll(queued.id)).toMatchObject({ status: "COMPLETED", version: having, attemptCount: 1 });
});

test("a worker of the old version leaves when no run needs it any more, and not before", async () => {
  await deployCopy("leaving");
  const token = await wait.createToken({ timeout: "10m" });
  const suspended = await tasks.trigger("waiting", { token: token.id });
  await waitFor("the run to be suspended", async () => (await status(suspended.id)) === "WAITING");
  const idle = (await endOf((await tasks.trigger("quick", {})).id)).output?.pid;
  expect(cluster.workerPids()).toContain(idle);

  await deployCopy("staying");
  const { output } = await endOf((await tasks.trigger("quick", {})).id);
  await waitFor("the idle worker to be gone", () => !cluster.workerPids().includes(idle ?? 0));
  expect(cluster.workerPids()).toContain(output?.pid);
  await wait.completeToken(token, {});
  const resumed = (await endOf(suspended.id)).output;
  expect(resumed).toMatchObject({ label: "leaving", before: { pid: resumed?.pid } });
  await waitFor("the other worker to be gone", () => !cluster.workerPids().includes(resumed?.pid ?? 0));
});

/** The current version changed: not before `fromMs`, and not after `toMs`, by the database's clock. */
interface Change {
  /** The one that it was afterwards. */
  readonly version: string;
  /** Those that it may have been meanwhile. */
  readonly meanwhile: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** The load goes on for at least so many runs. */
const LOAD_RUNS = 400;
/** Between a claim's time and its look at the current version. */
const CLAIM_TAKES_MS = 1_000;

test("under load, with deployments, two at once, a broken one and a rollback: every run ends, on the version that was current when it began", async () => {
  const nowMs = async (): Promise<number> => {
    const text = "SELECT date_part('epoch', clock_timestamp()) * 1000 AS ms";
    const [row] = await cluster.database.query<{ readonly ms: number }>({ name: "now", text });
    return row?.ms ?? Number.NaN;
  };
  const changes: Change[] = [];
  const labels = new Map<string, string>();
  const during = async (change: () => Promise<readonly string[]>): Promise<void> => {
    const fromMs = await nowMs();
    const meanwhile = await change();
    changes.push({ version: await currentVersion(), meanwhile, fromMs, toMs: await nowMs() });
  };
  const deployAs = async (label: string) => {
    const version = await deployCopy(label);
    labels.set(version, label);
    return version;
  };

  await during(async () => [await deployAs("load 1")]);
  const [first] = labels.keys();
  const ids: string[] = [];
  const pinned = new Set<string>();
  const load = new AbortController();
  const waveOf = (taskId: string, count: number, version?: string) =>
    Array.from({ length: count }, () => ({ taskId, ...(version !== undefined && { options: { version } }) }));
  const keepLoading = async (): Promise<void> => {
    let former: string | undefined;
    while (!load.signal.aborted || ids.length < LOAD_RUNS) {
      const wave = [
        ...waveOf("quick", 14),
        ...waveOf("flaky", 4),
        ...waveOf("pausing", 1),
        ...waveOf("quick", 1, first),
      ];
      const waveIds = runIdsOf(await triggerAll(cluster.client(), wave));
      ids.push(...waveIds);
      pinned.add(waveIds.at(-1)!);
      if (former !== undefined) await runs.poll(former);
      former = waveIds[13]; // The last that neither fails nor waits.
    }
  };
  /** Until a run has begun and ended on the current version. */
  const isInUse = async () =>
    expect((await endOf((await tasks.trigger("quick", {})).id)).version).toBe(await currentVersion());

  const loading = keepLoading();
  try {
    await isInUse();
    await during(async () => [await deployAs("load 2")]);
    const [, second] = labels.keys();
    await isInUse();
    await expect(deployCopy("broken", { "broken.ts": "throw new Error('boom');" })).rejects.toBeInstanceOf(ImportError);
    expect(await currentVersion()).toBe(second);
    await isInUse();
    await during(async () => [(await deployments.rollback({ from: second })).version]);
    expect(await currentVersion()).toBe(first);
    await isInUse();
    await during(async () => {
      const both = await Promise.all([deployAs("load 3"), deployAs("load 4")]);
      const numbers = both.map((version) => Number(version.split(".")[1]));
      expect(await currentVersion()).toBe(both[numbers[0]! > numbers[1]! ? 0 : 1]);
      return both;
    });
    await isInUse();
  } finally {
    load.abort();
    await loading;
  }

  const ended = await Promise.all(ids.map(endOf));
  const wrong: unknown[] = [];
  for (const run of ended) {
    const { id, version = "", output, startedAt } = run;
    const label = labels.get(version);
    const allowed = pinned.has(id) ? [first] : currentAt(changes, startedAt!.getTime());
    const said = [output?.label, output?.before?.label ?? label, ...new Set(await failedLabels(id))];
    if (!allowed.includes(version) || said.some((each) => each !== label) || output?.version !== version)
      wrong.push({ id, task: run.taskIdentifier, version, allowed, said, startedAt });
    if (output?.before !== undefined && output.before.pid !== output.pid) wrong.push({ id, output });
  }
  expect(wrong).toEqual([]);
  expect(new Set(ended.map(({ version }) => version)).size).toBeGreaterThanOrEqual(3);
  await waitUntilClean("the cluster has settled", () => checkSettled(cluster.database));
  expect(await checkInvariants(cluster.database)).toEqual([]);
});

/** The versions that may have been current at a moment: one, but around a change. */
function currentAt(changes: readonly Change[], timeMs: number): string[] {
  const latest = changes.findLast(({ toMs }) => toMs <= timeMs);
  const around = changes.filter(({ fromMs, toMs }) => fromMs <= timeMs + CLAIM_TAKES_MS && toMs > timeMs);
  return [...(latest === undefined ? [] : [latest.version]), ...around.flatMap(({ meanwhile }) => meanwhile)];
}
