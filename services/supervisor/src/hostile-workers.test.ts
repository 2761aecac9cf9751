import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AttemptOutcome, type Lease, RunErrorCode, RunService, TaskService, WorkerService } from "@windlass/proto";
import { CallFailure, createChannel, createClient, reasonName } from "@windlass/proto/grpc";
import { afterEach, describe, expect, it } from "vitest";
import { cancelOf, execute, pidOf, timeline, tokenOf, untilStarted } from "./testing/follow-lease.ts";
import { hostileBundle, workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { eventually, isAlive, stateOf } from "./testing/processes.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

// What a task that nobody has read must not be able to do to others. What only a container can keep it from (seeing other
// processes, files and sockets) is in the drivers' tests.
const honest = workerBundle();
const hostile = hostileBundle();

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([honest, hostile], settings);
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const honestLease = (taskId: string, payload: unknown = {}): Lease =>
  makeLease({ taskId, payload, bundleHash: honest.hash });
const hostileLease = (taskId: string, payload: unknown = {}): Lease =>
  makeLease({ taskId, payload, bundleHash: hostile.hash });

const violated = { outcome: AttemptOutcome.CRASHED, error: { code: RunErrorCode.PROTOCOL_VIOLATION } };
const reasonOf = (error: unknown) => (error instanceof CallFailure ? reasonName(error.reason) : String(error));

/** Others execute all the while. */
async function expectServed(supervisor: TestSupervisor, count = 20): Promise<void> {
  const leases = Array.from({ length: count }, () => honestLease("echo"));
  supervisor.queue.offer(...leases);
  for (const lease of leases) {
    expect((await supervisor.store.finished(tokenOf(lease))).outcome).toBe(AttemptOutcome.SUCCEEDED);
  }
}

function beginHostile(supervisor: TestSupervisor, taskId: string, payload: unknown = {}): Lease {
  const lease = hostileLease(taskId, payload);
  supervisor.queue.offer(lease);
  return lease;
}

async function endByCancel(supervisor: TestSupervisor, lease: Lease) {
  supervisor.store.push(cancelOf(lease));
  return supervisor.store.finished(tokenOf(lease));
}

describe("a hostile worker cannot act on another run", () => {
  it.each(["started", "hookResult", "cancelAck", "suspend", "describeRun", "attemptFinished"])(
    "by saying %s of it: that ends its own attempt, and the other goes on",
    async (what) => {
      const supervisor = await start();
      const victim = honestLease("hang", { of: "victim" });
      supervisor.queue.offer(victim);
      await untilStarted(supervisor, victim);
      const runId = victim.ref?.runId;
      expect(await execute(supervisor, hostileLease("of another", { what, runId }))).toMatchObject(violated);
      const { output, outcome } = await endByCancel(supervisor, victim);
      expect(outcome).toBe(AttemptOutcome.CANCELED);
      expect(Buffer.from(output?.data ?? []).toString()).toBe('{"of":"victim"}');
      expect(supervisor.store.row(tokenOf(victim)).updates).toEqual([]);
    },
  );

  it("nor in another environment, nor as a supervisor, whatever headers its calls have", async () => {
    const supervisor = await start();
    const victim = honestLease("hang");
    supervisor.queue.offer(victim);
    await untilStarted(supervisor, victim);
    const lease = hostileLease("forge", { environmentId: "env_victim", runId: victim.ref?.runId });
    await execute(supervisor, lease);
    expect(timeline(supervisor, lease)).toEqual(["triggered run of child", "reported METHOD_UNKNOWN"]);
    const { calls } = supervisor.store.taskServices;
    expect(calls.map(({ environmentId }) => environmentId)).toEqual(["env_test"]);
    expect(supervisor.store.row(tokenOf(victim)).finish).toBeUndefined();
  });
});

describe("a hostile worker cannot replay a token", () => {
  it("for a second session: nobody speaks to that, and the first goes on", async () => {
    const supervisor = await start();
    const lease = hostileLease("replay");
    expect((await execute(supervisor, lease)).outcome).toBe(AttemptOutcome.SUCCEEDED);
    expect(timeline(supervisor, lease)).toEqual(["told 0 messages"]);
  });

  it("once its process is gone, from whatever has survived: no session, no call, no variables", async () => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "0" });
    const file = join(supervisor.dataDir, "stolen.json");
    const lease = beginHostile(supervisor, "leave its token", { file });
    await eventually(() =>
      readFile(file).then(
        (bytes) => bytes.byteLength > 0,
        () => false,
      ),
    );
    const { address, token } = JSON.parse(await readFile(file, "utf8")) as { address: string; token: string };
    const channel = createChannel(address, { token });
    const [worker, tasks] = [createClient(WorkerService, channel), createClient(TaskService, channel)];
    const trigger = () => tasks.triggerTask({ trigger: { taskId: "child" } }).then(() => "let in", reasonOf);
    expect(await trigger()).toBe("let in");
    const left = createClient(RunService, channel)
      .getRun({ runId: "left open" })
      .then(() => "answered", reasonOf);
    await supervisor.store.until(() => supervisor.store.taskServices.calls.length === 2);
    await endByCancel(supervisor, lease);
    expect(await left).toBe("CALL_ENDED");
    await supervisor.store.until(() => supervisor.store.taskServices.calls.at(1)?.isAborted === true);
    await eventually(async () => (await trigger()) === "API_KEY_INVALID");
    expect(await worker.getWorkerConfig({ token }).then(() => "let in", reasonOf)).toBe("API_KEY_INVALID");
    const session = worker.session();
    session.send({ messages: [{ body: { case: "hello", value: { protocolVersion: 1, token } } }] });
    expect(await session.responses.next().then(({ done }) => done, reasonOf)).toBe(true);
    channel.close();
  });
});

describe("a hostile worker cannot exceed the size of messages", () => {
  it.each([
    "no protobuf",
    "larger than 16 MB",
    "millions of empty messages",
    "an output of more than 10 MB",
    "metadata of more than 256 KB",
    "more than 500 hook results",
  ])("%s: its attempt ends, its process too, and others do not notice", async (what) => {
    const supervisor = await start();
    const before = process.memoryUsage().rss;
    const lease = hostileLease("send", { what });
    supervisor.queue.offer(lease);
    await expectServed(supervisor, 5);
    expect(await supervisor.store.finished(tokenOf(lease))).toMatchObject(violated);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
  });
});

describe("a hostile worker cannot flood logs", () => {
  it("beyond so many at once: they are dropped, counted, noted in the timeline, and read no faster than they are worth", async () => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "0" });
    const began = Date.now();
    const lease = beginHostile(supervisor, "log for ever");
    const warning = (text: RegExp) => timeline(supervisor, lease).find((entry) => text.test(entry));
    await supervisor.store.until(() => warning(/^Log records are dropped from here on/) !== undefined);
    await expectServed(supervisor);
    await endByCancel(supervisor, lease);
    const tookMs = Date.now() - began;
    expect(timeline(supervisor, lease).length).toBeLessThan(10_010 + (tookMs * 50) / 1_000);
    const dropped = Number(/^\d+/.exec(warning(/^\d+ log records of this attempt were dropped/) ?? "")?.[0]);
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(2_000 + tookMs * 10);
  });
});

describe("a hostile worker cannot stall its supervisor", () => {
  it.each(["describe for ever", "never read", "acknowledge for ever"])("%s", async (taskId) => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "200" });
    const lease = beginHostile(supervisor, taskId);
    await untilStarted(supervisor, lease);
    await expectServed(supervisor);
    expect((await endByCancel(supervisor, lease)).outcome).toBe(AttemptOutcome.CANCEL_FORCED);
  });

  it("by making more calls at once than a task has use for: they are refused", async () => {
    const supervisor = await start();
    const lease = hostileLease("call", { count: 1_100 });
    await execute(supervisor, lease);
    expect(timeline(supervisor, lease)).toEqual(["100 OVERLOADED"]);
    expect(supervisor.store.taskServices.calls).toHaveLength(1_000);
  });

  it("by opening more sessions than anybody answers: other workers still start", async () => {
    const supervisor = await start();
    const { outcome } = await execute(supervisor, hostileLease("open sessions", { count: 1_200 }));
    expect(outcome).toBe(AttemptOutcome.SUCCEEDED);
    await expectServed(supervisor, 3);
  });
});

describe("a hostile worker cannot outlive its kill", () => {
  it("by stopping itself", async () => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "0" });
    const lease = beginHostile(supervisor, "stop itself");
    const pid = await pidOf(supervisor, lease);
    await eventually(async () => (await stateOf(pid)).startsWith("T"));
    expect((await endByCancel(supervisor, lease)).outcome).toBe(AttemptOutcome.CANCEL_FORCED);
    expect(await isAlive(pid)).toBe(false);
  });

  it("by ignoring every signal, with what it forked", async () => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "0" });
    const lease = beginHostile(supervisor, "hold on");
    const pid = await pidOf(supervisor, lease);
    const child = () => timeline(supervisor, lease).find((entry) => entry.startsWith("child "));
    await supervisor.store.until(() => child() !== undefined);
    expect((await endByCancel(supervisor, lease)).outcome).toBe(AttemptOutcome.CANCEL_FORCED);
    expect(await isAlive(pid)).toBe(false);
    await eventually(async () => !(await isAlive(Number(child()?.slice(6)))));
  });
});
