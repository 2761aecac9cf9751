import { AttemptOutcome, ErrorReason, type Lease, RunErrorCode } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { callError } from "./testing/start-peer.ts";
import { cancelOf, execute, pidOf, timeline, tokenOf, untilStarted } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { commandsContaining, eventually, isAlive } from "./testing/processes.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([bundle], settings);
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const leaseOf = (taskId: string): Lease => makeLease({ taskId, bundleHash: bundle.hash });

describe("an attempt", () => {
  it("goes from the queue through a worker to the run-store", async () => {
    const supervisor = await start();
    const lease = makeLease({ bundleHash: bundle.hash, payload: { message: "hi" } });
    const finish = await execute(supervisor, lease);
    expect(finish).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED, attemptNumber: 1, ref: lease.ref });
    expect(Buffer.from(finish.output?.data ?? []).toString()).toBe('{"message":"hi"}');
    expect(finish.hooks.map(({ hook }) => hook)).toEqual(["run"]);
    expect(timeline(supervisor, lease)).toEqual(["attemptStarted", "run"]);
    expect(finish.events[0]?.body).toMatchObject({
      case: "attemptStarted",
      value: { supervisorId: supervisor.store.registered[0], workerId: "worker-1", sandboxTier: "process" },
    });
  });

  it("fails as its task says, and its worker is used again", async () => {
    const supervisor = await start({ WINDLASS_WORKERS: "1" });
    const failed = await execute(supervisor, leaseOf("fail"));
    expect(failed).toMatchObject({ outcome: AttemptOutcome.FAILED, error: { code: RunErrorCode.TASK_ERROR } });
    expect(failed.retry?.decision).toEqual({ case: "byPolicy", value: true });
    const next = await execute(supervisor, leaseOf("echo"));
    expect(next.events[0]?.body).toMatchObject({ value: { workerId: "worker-1" } });
  });

  it("has a worker that knows nothing but its address and token, in a folder of its own", async () => {
    const supervisor = await start();
    const lease = leaseOf("environment");
    await execute(supervisor, lease);
    const { env, cwd } = JSON.parse(timeline(supervisor, lease)[1] ?? "") as {
      env: Record<string, string>;
      cwd: string;
    };
    // The shell that makes the process known adds its own.
    const isOurs = (name: string) => !["PWD", "OLDPWD", "SHLVL", "_", "__CF_USER_TEXT_ENCODING"].includes(name);
    const names = Object.keys(env).filter(isOurs).toSorted();
    expect(names).toEqual(["HOME", "PATH", "TMPDIR", "WINDLASS_WORKER_ADDRESS", "WINDLASS_WORKER_TOKEN"]);
    expect(env["TMPDIR"]?.startsWith(cwd)).toBe(true);
    expect(cwd).toMatch(/worker-1$/);
  });

  it("of a task that the version lacks is lost for good", async () => {
    const finish = await execute(await start(), leaseOf("no-such-task"));
    expect(finish).toMatchObject({ outcome: AttemptOutcome.LOST, error: { code: RunErrorCode.TASK_IMPORT_ERROR } });
    expect(finish.retry?.decision).toEqual({ case: "never", value: true });
  });

  it("that floods its log keeps 10,000 records, and says how many it lost", async () => {
    const supervisor = await start();
    const lease = leaseOf("flood");
    const finish = await execute(supervisor, lease);
    expect(finish.outcome).toBe(AttemptOutcome.SUCCEEDED);
    const logs = timeline(supervisor, lease).filter((entry) => entry !== "attemptStarted");
    expect(logs.length).toBeLessThanOrEqual(10_001);
    expect(logs.at(-1)).toMatch(/^\d+ log records of this attempt were dropped/);
  });
});

describe("leases", () => {
  it("are asked for one a worker at first, and ahead of need once runs prove short", async () => {
    const supervisor = await start();
    await supervisor.store.until(() => supervisor.queue.credits() === 2);
    // How many more depends on how long these runs really take here: credit-policy.test.ts says it to the number.
    while (supervisor.queue.credits() <= 2) await execute(supervisor, leaseOf("echo"));
    expect(supervisor.queue.credits()).toBeLessThanOrEqual(200);
  });

  it("that wait behind long runs are given back", async () => {
    const supervisor = await start({ WINDLASS_WORKERS: "1" });
    const [long, waiting] = [leaseOf("hang"), leaseOf("echo")];
    supervisor.queue.offer(long);
    await untilStarted(supervisor, long);
    supervisor.queue.force(waiting);
    await supervisor.store.until(() => supervisor.store.row(tokenOf(waiting)).isReleased);
    expect(timeline(supervisor, waiting)).toEqual([]);
  });

  it("of which the store says that they are lost or taken back are dropped, and what they execute is ended", async () => {
    const supervisor = await start({ WINDLASS_HEARTBEAT_INTERVAL_MS: "100" });
    const [lost, revoked, late] = [leaseOf("loop"), leaseOf("loop"), leaseOf("echo")];
    supervisor.store.answerWork = ({ progress }) => ({
      lost: progress.flatMap(({ ref }) => (ref !== undefined && ref.leaseToken === tokenOf(lost) ? [ref] : [])),
    });
    supervisor.queue.offer(lost, revoked);
    const pids = [await pidOf(supervisor, lost), await pidOf(supervisor, revoked)];
    const refs = [revoked, late].flatMap(({ ref }) => (ref === undefined ? [] : [ref]));
    supervisor.store.answerHeartbeat = (tokens) => (tokens.includes(tokenOf(revoked)) ? { revoked: refs } : {});
    await supervisor.store.until(() => supervisor.store.heartbeats.at(-1)?.leaseTokens.length === 0);
    for (const pid of pids) await eventually(async () => !(await isAlive(pid)));

    supervisor.queue.force(late);
    const next = await execute(supervisor, leaseOf("echo"));
    expect(next.outcome).toBe(AttemptOutcome.SUCCEEDED);
    for (const lease of [lost, revoked, late]) expect(supervisor.store.row(tokenOf(lease)).finish).toBeUndefined();
  });

  it("are named in every heartbeat until their end is stored", async () => {
    const supervisor = await start({ WINDLASS_HEARTBEAT_INTERVAL_MS: "100" });
    const lease = leaseOf("echo");
    supervisor.store.answerWork = () => undefined;
    supervisor.queue.offer(lease);
    await supervisor.store.until(
      () => supervisor.store.heartbeats.filter(({ leaseTokens }) => leaseTokens.includes(tokenOf(lease))).length > 3,
    );
    supervisor.store.answerWork = () => ({});
    supervisor.store.cut();
    await supervisor.store.finished(tokenOf(lease));
    const heldAtLast = () => supervisor.store.heartbeats.at(-1)?.leaseTokens.length;
    await supervisor.store.until(() => heldAtLast() === 0);
    expect(heldAtLast()).toBe(0);
  });
});

describe("broken lines", () => {
  it("to the run-store: what was not answered is said again, under the same id", async () => {
    const supervisor = await start();
    const lease = leaseOf("echo");
    supervisor.store.answerWork = () => {
      supervisor.store.answerWork = () => ({});
      supervisor.store.cut();
      return undefined;
    };
    await execute(supervisor, lease);
    expect(new Set(supervisor.store.registered).size).toBe(1);
    expect(supervisor.store.registered.length).toBeGreaterThan(1);
  });

  it("to the queue: the stream is opened again with fresh credits", async () => {
    const supervisor = await start();
    supervisor.queue.cut();
    await supervisor.store.until(() => supervisor.queue.isOpen() && supervisor.queue.credits() === 2);
    expect(await execute(supervisor, leaseOf("echo"))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
  });

  it("a refusal that passes is waited out; a report that cannot be stored ends its run all the same", async () => {
    const supervisor = await start();
    let refusals = 0;
    const [fine, poison] = [leaseOf("echo"), leaseOf("echo")];
    supervisor.store.answerWork = ({ finished }) => {
      refusals += 1;
      if (refusals === 1) return { error: callError(ErrorReason.NOT_READY) };
      const isPoisoned = finished.some(({ ref, hooks }) => ref?.leaseToken === tokenOf(poison) && hooks.length > 0);
      return isPoisoned ? { error: callError(ErrorReason.FIELD_INVALID, "no such hook") } : {};
    };
    supervisor.queue.offer(fine, poison);
    expect(await supervisor.store.finished(tokenOf(fine))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
    expect(await supervisor.store.finished(tokenOf(poison))).toMatchObject({
      outcome: AttemptOutcome.CRASHED,
      error: { code: RunErrorCode.PROTOCOL_VIOLATION, message: expect.stringContaining("no such hook") },
    });
  });
});

describe("an expired membership", () => {
  it.each([
    ["by the store's word", {}],
    ["by the clock, when no heartbeat is answered", { WINDLASS_SUPERVISOR_TTL_MS: "3000" }],
  ])("%s ends all work and begins anew under another id", async (_how, settings) => {
    const supervisor = await start({ WINDLASS_HEARTBEAT_INTERVAL_MS: "100", ...settings });
    const lease = leaseOf("loop");
    supervisor.queue.offer(lease);
    const pid = await pidOf(supervisor, lease);
    const [before] = supervisor.store.registered;
    supervisor.store.answerHeartbeat = () =>
      "WINDLASS_SUPERVISOR_TTL_MS" in settings ? undefined : { error: callError(ErrorReason.SUPERVISOR_EXPIRED) };
    await supervisor.store.until(() => supervisor.store.registered.at(-1) !== before);
    supervisor.store.answerHeartbeat = () => ({});
    await eventually(async () => !(await isAlive(pid)));
    await supervisor.store.until(() => supervisor.queue.supervisorId() === supervisor.store.registered.at(-1));
    const finish = await execute(supervisor, leaseOf("echo"));
    expect(finish.events[0]?.body).toMatchObject({ value: { supervisorId: supervisor.store.registered.at(-1) } });
    expect(supervisor.store.row(tokenOf(lease)).finish).toBeUndefined();
  });
});

describe("leaving", () => {
  it("lets running attempts end, gives back the rest, and takes its row away", async () => {
    const supervisor = await start({ WINDLASS_WORKERS: "1" });
    const [long, waiting] = [leaseOf("hang"), leaseOf("echo")];
    supervisor.queue.offer(long);
    await untilStarted(supervisor, long);
    supervisor.queue.force(waiting);
    const drained = supervisor.service.drain(new AbortController().signal);
    await supervisor.store.until(() => supervisor.store.row(tokenOf(waiting)).isReleased);
    expect(supervisor.queue.isOpen()).toBe(false);
    supervisor.store.push(cancelOf(long));
    await drained;
    await supervisor.service.stop();
    expect(supervisor.store.row(tokenOf(long)).finish?.outcome).toBe(AttemptOutcome.CANCELED);
    expect(supervisor.store.unregistered).toEqual(supervisor.store.registered);
  });

  it("ends as lost what is not over at the limit", async () => {
    const supervisor = await start();
    const lease = leaseOf("loop");
    supervisor.queue.offer(lease);
    await untilStarted(supervisor, lease);
    await supervisor.service.drain(AbortSignal.abort());
    await supervisor.service.stop();
    const { finish } = supervisor.store.row(tokenOf(lease));
    expect(finish).toMatchObject({ outcome: AttemptOutcome.LOST, error: { code: RunErrorCode.EVICTED } });
    expect(finish?.retry?.decision).toEqual({ case: "byPolicy", value: true });
    expect(await commandsContaining(supervisor.dataDir)).toEqual([]);
  });
});
