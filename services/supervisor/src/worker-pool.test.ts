import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { createFakeClock, type FakeClock } from "@windlass/chassis";
import { RunErrorCode, SessionRequestSchema, WorkerService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeBundle } from "./bundle-files.ts";
import { defaultMachine } from "./driver/machine.ts";
import { createGate, type Gate } from "./gate.ts";
import { createSupervisorMetrics } from "./supervisor-metrics.ts";
import { workerSource } from "./testing/make-bundle.ts";
import { commandsContaining, eventually } from "./testing/processes.ts";
import { testLogger as logger, testTelemetry as telemetry } from "./testing/start-peer.ts";
import type { StartsBy } from "./testing/worker-program.ts";
import { createWorkerPool, type WorkerPool } from "./worker-pool.ts";
import type { Worker, WorkerEnd } from "./worker.ts";
import { createWorkshop, type Workshop } from "./workshop.ts";

const kind = {
  key: "b",
  bundleHash: "b",
  machine: defaultMachine,
  environmentId: "env",
  variablesRevision: 0n,
  isFresh: false,
};
const needed = [{ kind: kind.key, workerKind: kind, waiting: 1, oldestWaitMs: 0 }];

let folder: string;
let clock: FakeClock;
let gate: Gate;
let workshop: Workshop;
let pool: WorkerPool;
let released: number;
let gone: { worker: Worker; end: WorkerEnd }[];
let violations: string[];
let said: string[];

/** A pool whose one version starts like this. */
async function open(startsBy: StartsBy = "saying-hello", slots = 1): Promise<void> {
  await writeFile(join(folder, "worker.mjs"), workerSource(startsBy));
  const bundles = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    acquire: () =>
      Promise.resolve({
        dir: folder,
        entryPoint: "worker.mjs",
        runtime: "node" as const,
        release: () => (released += 1),
      }),
  };
  const store = createChannel("unix:/nowhere");
  const sandbox = { choice: "process", runtimePath: undefined, requireTier: "process" } as const;
  const egress = { mode: "none", allow: [], deny: [], controlPlane: [] } as const;
  workshop = createWorkshop({ bundles, gate, clock, logger, telemetry, store, sandbox, egress });
  await workshop.start();
  const { driver, sessions } = workshop;
  pool = createWorkerPool({
    slots,
    dependencies: {
      bundles,
      driver,
      sessions,
      variables: { read: () => Promise.resolve({ values: {}, redactor: undefined }) },
      clock,
      logger,
    },
    metrics: createSupervisorMetrics(telemetry),
    events: {
      onReady: () => {},
      onMessage: (_worker, { body }) => said.push(String(body.case)),
      onViolation: (_worker, violation) => violations.push(violation),
      onGone: (worker, end) => gone.push({ worker, end }),
    },
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windlass-pool-"));
  clock = createFakeClock();
  gate = createGate();
  released = 0;
  [gone, violations, said] = [[], [], []];
});

afterEach(async () => {
  await pool.stop();
  await workshop.stop();
  const left = await commandsContaining(folder);
  if (left.length > 0) throw new Error(`left behind: ${left.join("; ")}`);
  await removeBundle(folder);
});

const states = () => [...pool.workers].map(({ state }) => state);
const untilReady = () => eventually(() => states().includes("idle"));
const processCount = async () => (await commandsContaining(folder)).length;

describe("starting", () => {
  it("gives up on a worker that says nothing within 20 s, and tells those who come right after", async () => {
    await open("silence");
    pool.adjust(needed);
    await eventually(async () => (await processCount()) === 1);
    await clock.advance(19_999);
    expect(gone).toEqual([]);
    await clock.advance(1);
    await eventually(() => gone.length === 1);
    expect(gone[0]?.end.startFailure?.error).toMatchObject({
      code: RunErrorCode.WORKER_START_FAILED,
      message: expect.stringContaining("20000 ms"),
    });
    expect(released).toBe(1);
    expect(pool.recentFailure("b")).toBe(gone[0]?.end.startFailure);
    pool.adjust(needed);
    expect(states()).toEqual([]);
    await clock.advance(5_000);
    expect(pool.recentFailure("b")).toBeUndefined();
    pool.adjust(needed);
    expect(states()).toEqual(["starting"]);
  });

  it("can be given up at any moment", async () => {
    await open();
    pool.adjust(needed);
    await pool.stop();
    expect(gone).toHaveLength(1);
    expect(gone[0]?.end.startFailure).toBeUndefined();
    expect(released).toBe(1);
    pool.adjust(needed);
    expect(states()).toEqual([]);
  });
});

describe("slots", () => {
  it("are counted until an attempt's end, spare or not", async () => {
    await open("saying-hello", 1);
    pool.adjust([{ ...needed[0], waiting: 5 } as (typeof needed)[0]]);
    await eventually(() => states().filter((state) => state === "idle").length === 2);
    const taken = pool.takeIdle(kind);
    expect(taken).toBeDefined();
    expect(pool.hasIdle(kind)).toBe(false);
    if (taken !== undefined) pool.giveBack(taken);
    expect(pool.hasIdle(kind)).toBe(true);
    expect(pool.hasIdle({ ...kind, key: "other" })).toBe(false);
  });
});

describe("wear", () => {
  it("replaces a worker after an hour, once it is idle", async () => {
    await open();
    pool.adjust(needed);
    await untilReady();
    await clock.advance(3_600_000);
    await eventually(() => gone.length === 1);
    expect(gone[0]?.end.exit).toMatchObject({ exitCode: 0, wasKilled: false });
  });

  it("ends an idle worker of a version that has been superseded, and no other: neither the current one's nor another environment's", async () => {
    const kinds = ["old", "new"].map((bundleHash) => ({ ...kind, key: bundleHash, bundleHash }));
    const other = { ...kind, key: "other", environmentId: "other" };
    await open("saying-hello", 2);
    pool.adjust([...kinds, other].map((each) => ({ ...needed[0]!, kind: each.key, workerKind: each })));
    await eventually(() => states().filter((state) => state === "idle").length === 3);
    for (const each of [...kinds, other]) {
      const worker = pool.takeIdle(each);
      if (worker !== undefined) pool.giveBack(worker);
    }
    await clock.advance(10_000);
    await eventually(() => gone.length === 1);
    expect(gone[0]?.worker.kind.key).toBe("old");
    expect(gone[0]?.end.exit).toMatchObject({ exitCode: 0, wasKilled: false });
    await clock.advance(60_000);
    expect([...pool.workers].map((worker) => worker.kind.key).toSorted()).toEqual(["new", "other"]);
  });

  it("replaces a worker after 10,000 runs", async () => {
    await open();
    pool.adjust(needed);
    await untilReady();
    const [worker] = pool.workers;
    if (worker !== undefined) worker.runs = 10_000;
    const taken = pool.takeIdle(kind);
    if (taken !== undefined) pool.giveBack(taken);
    expect(states()).toEqual(["ending"]);
    await eventually(() => gone.length === 1);
  });
});

describe("memory", () => {
  /** A worker that executes something, and will be seen with so much. */
  async function busyWith(...seenMb: number[]): Promise<Worker> {
    await open();
    pool.adjust(needed);
    await untilReady();
    const worker = pool.takeIdle(kind);
    if (worker === undefined) throw new Error("no worker is idle");
    worker.state = "busy";
    worker.measure = () => {
      worker.residentBytes = (seenMb.shift() ?? 0) * 1024 * 1024;
      return Promise.resolve();
    };
    return worker;
  }

  it("above the machine's at two looks in a row, a quarter of a second apart, ends a worker, which knows how much it was", async () => {
    const worker = await busyWith(600, 700);
    await clock.advance(250);
    expect(worker.state).toBe("busy");
    await clock.advance(250);
    expect(worker.excessBytes).toBe(700 * 1024 * 1024);
    await eventually(() => gone.length === 1);
    expect(gone[0]?.end.exit).toMatchObject({ signal: "SIGKILL", wasKilled: true });
  });

  it("above it for a moment is nobody's end", async () => {
    const worker = await busyWith(600, 500, 600, 512, 600);
    for (let nth = 0; nth < 6; nth += 1) await clock.advance(250);
    expect([worker.state, worker.excessBytes]).toEqual(["busy", undefined]);
  });
});

describe("the socket", () => {
  async function connect() {
    const channel = createChannel(workshop.sessions.address);
    const call = createClient(WorkerService, channel).session();
    const say = (token: string) =>
      call.send(
        create(SessionRequestSchema, { messages: [{ body: { case: "hello", value: { protocolVersion: 1, token } } }] }),
      );
    const ended = call.responses.next().then(
      () => "ended",
      () => "refused",
    );
    await call.responses.opened;
    return { say, ended, close: () => channel.close() };
  }

  it("is for those with a token, once", async () => {
    await open();
    const heard: string[] = [];
    const owner = {
      environmentId: "env",
      readVariables: () => Promise.resolve({}),
      onHello: () => heard.push("hello"),
      onMessage: () => heard.push("message"),
      onViolation: () => heard.push("violation"),
      onEnd: () => heard.push("end"),
    };
    const { token } = workshop.sessions.expect(owner);
    const [stranger, worker, copy] = [await connect(), await connect(), await connect()];
    stranger.say("guess");
    expect(await stranger.ended).toBe("ended");
    expect(heard).toEqual([]);
    worker.say(token);
    await eventually(() => heard.length === 1);
    copy.say(token);
    expect(await copy.ended).toBe("ended");
    expect(heard).toEqual(["hello"]);
    for (const { close } of [stranger, worker, copy]) close();
  });

  it("is not for those who say nothing", async () => {
    await open();
    const silent = await connect();
    await clock.advance(30_000);
    expect(await silent.ended).toBe("ended");
    silent.close();
  });
});

it("a worker is not read on while the gate is closed, and is once it opens", async () => {
  await open();
  pool.adjust(needed);
  await untilReady();
  const [worker] = pool.workers;
  gate.close();
  worker?.ping(1n);
  await eventually(() => said.length === 1);
  worker?.ping(2n);
  worker?.ping(3n);
  await clock.advance(1_000);
  expect(said).toEqual(["pong"]);
  gate.open();
  await eventually(() => said.length === 2);
});

it("what a worker had said before its process went is heard although the gate is closed", async () => {
  await open();
  pool.adjust(needed);
  await untilReady();
  const [worker] = pool.workers;
  gate.close();
  worker?.kill();
  await eventually(() => gone.length === 1);
  expect(violations).toEqual([]);
});
