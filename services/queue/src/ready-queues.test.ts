import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { offerOf } from "./machines.ts";
import { ReadyQueues } from "./ready-queues.ts";
import type { ReadyRun } from "./waiting-line.ts";

function run(runId: string, queueTimeUs: number, queue = "q", environmentId = "env"): ReadyRun {
  return {
    environmentId,
    queue,
    concurrencyKey: "",
    runId,
    queueTimeUs,
    traceparent: "",
    supervisorId: "",
    machine: "",
  };
}

/** An epoch whose list of live leases is complete, and empty. */
function listed(nowMs = () => 0): ReadyQueues {
  const queues = new ReadyQueues(nowMs);
  queues.leasedComplete(0);
  return queues;
}

function drain(queues: ReadyQueues): ReadyRun[] {
  const runs: ReadyRun[] = [];
  for (let next = queues.next(); next !== undefined; next = queues.next()) runs.push(next);
  return runs;
}

function drainIds(queues: ReadyQueues): string[] {
  return drain(queues).map((run) => run.runId);
}

function byPlace(a: ReadyRun, b: ReadyRun): number {
  return a.queueTimeUs - b.queueTimeUs || (a.runId < b.runId ? -1 : 1);
}

describe("within a queue", () => {
  test("runs go first come, first served, and by id within one microsecond", () => {
    const queues = listed();
    for (const waiting of [run("b", 2), run("d", 3), run("a", 2), run("c", 2)]) queues.push(waiting);
    expect(drainIds(queues)).toEqual(["a", "b", "c", "d"]);
  });

  test("a run that is given back returns to its old place", () => {
    const queues = listed();
    for (let index = 0; index < 5; index += 1) queues.push(run(`r${index}`, index));
    const first = queues.next();
    queues.next();
    expect(first?.runId).toBe("r0");
    queues.notClaimed(first!);
    queues.push(first!);
    expect(drainIds(queues)).toEqual(["r0", "r2", "r3", "r4"]);
  });

  test("a run told twice waits once, in the place it had", () => {
    const queues = listed();
    expect(queues.push(run("a", 1))).toBe(true);
    queues.push(run("b", 2));
    expect(queues.push(run("a", 3))).toBe(false);
    expect(queues.size).toBe(2);
    expect(drainIds(queues)).toEqual(["a", "b"]);
  });

  test("a run that left may come again", () => {
    const queues = listed();
    queues.push(run("a", 1));
    queues.claimed(queues.next()!, "token", 0);
    expect(queues.push(run("a", 9))).toBe(true);
    expect(queues.next()?.queueTimeUs).toBe(9);
  });

  test("a run that is told while it is being claimed waits again when the claim is answered", () => {
    const queues = listed();
    queues.push(run("a", 1));
    const claiming = queues.next()!;
    expect(queues.push(run("a", 9))).toBe(false);
    expect([queues.size, queues.next()]).toEqual([0, undefined]);
    queues.claimed(claiming, "token", 0);
    expect(queues.next()?.queueTimeUs).toBe(9);
  });
});

describe("between queues", () => {
  test("environments take turns, then the queues of an environment", () => {
    const queues = listed();
    for (let index = 0; index < 4; index += 1) {
      queues.push(run(`big-x${index}`, index, "x", "big"));
      queues.push(run(`big-y${index}`, index, "y", "big"));
    }
    queues.push(run("small0", 100, "x", "small"));
    queues.push(run("small1", 101, "x", "small"));
    expect(drainIds(queues).slice(0, 6)).toEqual(["big-x0", "small0", "big-y0", "small1", "big-x1", "big-y1"]);
  });

  test("same names in two environments are two queues", () => {
    const queues = listed();
    queues.push(run("a", 2, "q", "env1"));
    queues.push(run("b", 1, "q", "env2"));
    expect(drain(queues).map((run) => run.environmentId)).toEqual(["env1", "env2"]);
  });
});

describe("a run that only one supervisor can have", () => {
  const bound = (runId: string, queueTimeUs: number, supervisorId = "sup"): ReadyRun => ({
    ...run(runId, queueTimeUs),
    supervisorId,
  });

  test("waits in the line of that supervisor, in order, and is no other's next", () => {
    const queues = listed();
    for (const waiting of [bound("b", 2), bound("a", 1), bound("c", 3, "other")]) queues.push(waiting);
    expect(queues.next()).toBeUndefined();
    expect([...queues.boundSupervisorIds()]).toEqual(["sup", "other"]);
    expect([queues.nextBoundTo("sup"), queues.nextBoundTo("sup")].map((next) => next?.runId)).toEqual(["a", "b"]);
    expect(queues.nextBoundTo("sup")).toBeUndefined();
    expect([...queues.boundSupervisorIds()]).toEqual(["other"]);
    expect(queues.size).toBe(1);
  });

  test("is anybody's once the store says so, because its supervisor was lost", () => {
    const queues = listed();
    queues.push(bound("a", 1, "lost"));
    expect(queues.push(run("a", 5))).toBe(false);
    expect([...queues.boundSupervisorIds()]).toEqual([]);
    expect(queues.nextBoundTo("lost")).toBeUndefined();
    expect(drainIds(queues)).toEqual(["a"]);
    expect(queues.size).toBe(0);
  });

  test("waits in turn with the other queues and keys of its supervisor", () => {
    const queues = listed();
    const ids = ["a", "b", "c"];
    for (const [index, id] of ids.entries()) queues.push(bound(id, index));
    queues.push({ ...bound("d", 9), concurrencyKey: "k" });
    expect(ids.map(() => queues.nextBoundTo("sup")?.runId)).toEqual(["a", "d", "b"]);
  });

  test("is not held back by an older word that it was anybody's", () => {
    const queues = listed();
    queues.push(run("a", 1));
    queues.push(run("b", 2));
    queues.push(bound("a", 3));
    expect(queues.size).toBe(2);
    expect(queues.nextBoundTo("sup")?.runId).toBe("a");
    expect(drainIds(queues)).toEqual(["b"]);
  });
});

describe("a run that needs a machine", () => {
  const needing = (machine: string, runId: string, queueTimeUs: number, queue = "q"): ReadyRun => ({
    ...run(runId, queueTimeUs, queue),
    machine,
  });
  const small = offerOf(["small-1x"]);

  test("waits for one who offers it, and stands in nobody's way: not of its key, its queue, its environment", () => {
    const queues = listed();
    for (const [index, queue] of ["q", "r"].entries()) {
      queues.push(needing("large-1x", `${queue} large`, index, queue));
      queues.push(needing("small-1x", `${queue} small`, 10 + index, queue));
    }
    expect([queues.next(small), queues.next(small), queues.next(small)].map((next) => next?.runId)).toEqual([
      "q small",
      "r small",
      undefined,
    ]);
    expect(drainIds(queues)).toEqual(["q large", "r large"]);
  });

  test("goes in the order of its key when all machines of that are offered", () => {
    const queues = listed();
    const machines = ["large-1x", "", "small-1x", "large-1x", "small-1x"];
    for (const [index, machine] of machines.entries()) queues.push(needing(machine, `r${index}`, index));
    expect(drainIds(queues)).toEqual(["r0", "r1", "r2", "r3", "r4"]);
  });

  test("takes no slot while it waits, and waits for none that others of its key have", () => {
    const queues = listed();
    queues.setQueue({
      environmentId: "env",
      queue: "q",
      concurrencyLimit: 1,
      isPaused: false,
      rateLimit: undefined,
    });
    queues.push(needing("large-1x", "large", 1));
    queues.push(needing("small-1x", "small", 2));
    const taken = queues.next(small)!;
    expect([taken.runId, queues.next()]).toEqual(["small", undefined]);
    queues.claimed(taken, "token", 0);
    queues.freed("small", "token");
    expect(queues.next(small)).toBeUndefined();
    expect(queues.next()?.runId).toBe("large");
  });

  test("needs what the newest word says; word that does not know it changes nothing", () => {
    const queues = listed();
    queues.push(needing("large-1x", "a", 1));
    expect(queues.push(needing("", "a", 1))).toBe(false);
    expect(queues.next(small)).toBeUndefined();
    expect(queues.push(needing("small-1x", "a", 1))).toBe(false);
    expect([queues.size, queues.next(small)?.runId, queues.next()]).toEqual([1, "a", undefined]);
  });
});

test("a queue's oldest run is the first of all its keys, resumes included", () => {
  const queues = listed();
  expect(queues.stateOf("env", "q")).toEqual({ depth: 0, running: 0, reserved: 0, oldestQueueTimeUs: undefined });
  queues.push(run("a", 7));
  queues.push({ ...run("b", 5), concurrencyKey: "k" });
  queues.push({ ...run("c", 3), concurrencyKey: "l", supervisorId: "sup" });
  queues.push(run("d", 1, "other"));
  expect(queues.stateOf("env", "q")).toEqual({ depth: 3, running: 0, reserved: 0, oldestQueueTimeUs: 3 });
  queues.nextBoundTo("sup");
  expect(queues.stateOf("env", "q")).toEqual({ depth: 2, running: 1, reserved: 0, oldestQueueTimeUs: 5 });
  expect([...queues.states()].map(({ queue, depth }) => [queue, depth])).toEqual([
    ["q", 2],
    ["other", 1],
  ]);
});

test("nothing goes before the live leases are known", () => {
  const queues = new ReadyQueues(() => 0);
  queues.push(run("a", 1));
  queues.push({ ...run("b", 1), supervisorId: "sup" });
  expect([queues.next(), queues.nextBoundTo("sup")]).toEqual([undefined, undefined]);
  queues.leasedComplete(0);
  expect([queues.next()?.runId, queues.nextBoundTo("sup")?.runId]).toEqual(["a", "b"]);
});

const machines = ["", "micro", "large-1x"];

const anyRun = fc
  .record({
    environmentId: fc.constantFrom("env1", "env2", "env3"),
    queue: fc.constantFrom("x", "y"),
    concurrencyKey: fc.constantFrom("", "k"),
    runId: fc.integer({ min: 0, max: 60 }).map((id) => `run_${id}`),
    queueTimeUs: fc.integer({ min: 0, max: 20 }),
    traceparent: fc.constant(""),
    supervisorId: fc.constant(""),
  })
  // A run keeps its machine, however often it is told.
  .map((run) => ({ ...run, machine: machines[Number(run.runId.slice("run_".length)) % machines.length] ?? "" }));

function isOfLine(run: ReadyRun, other: ReadyRun | undefined): boolean {
  return (
    run.environmentId === other?.environmentId &&
    run.queue === other.queue &&
    run.concurrencyKey === other.concurrencyKey
  );
}

const anyCommand = fc.oneof(
  { weight: 3, arbitrary: anyRun.map((run) => ({ kind: "push" as const, run })) },
  { weight: 2, arbitrary: fc.constant({ kind: "next" as const }) },
);

test("model: whatever comes and goes, next() is the first of its queue and key; none is lost, none is doubled", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 300 }), (commands) => {
      const queues = listed();
      let waiting: ReadyRun[] = [];
      const takeNext = (): void => {
        const next = queues.next();
        const line = waiting.filter((run) => isOfLine(run, next));
        expect(next?.runId).toBe(line.toSorted(byPlace)[0]?.runId);
        expect(next === undefined).toBe(waiting.length === 0);
        waiting = waiting.filter((run) => run.runId !== next?.runId);
        if (next !== undefined) queues.notClaimed(next);
      };
      const push = (run: ReadyRun): void => {
        const isNew = !waiting.some((other) => other.runId === run.runId);
        expect(queues.push(run)).toBe(isNew);
        if (isNew) waiting.push(run);
      };
      for (const command of commands) {
        if (command.kind === "next") takeNext();
        else push(command.run);
        expect(queues.size).toBe(waiting.length);
      }
      while (waiting.length > 0) takeNext();
      takeNext();
    }),
  );
});

const anyBoundCommand = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(anyRun, fc.constantFrom("", "", "sup1", "sup2"))
      .map(([run, supervisorId]) => ({ kind: "push" as const, run: { ...run, supervisorId } })),
  },
  { weight: 2, arbitrary: fc.constantFrom("", "sup1", "sup2").map((from) => ({ kind: "take" as const, from })) },
);

test("model: a run is taken once, for the supervisor that the last word named; nobody else's runs keep it waiting", () => {
  fc.assert(
    fc.property(fc.array(anyBoundCommand, { maxLength: 300 }), (commands) => {
      const queues = listed();
      const waiting = new Map<string, ReadyRun>();
      const take = (from: string): void => {
        const taken = from === "" ? queues.next() : queues.nextBoundTo(from);
        const candidates = [...waiting.values()].filter(({ supervisorId }) => supervisorId === from);
        expect(taken === undefined).toBe(candidates.length === 0);
        if (taken === undefined) return;
        const first = candidates.filter((run) => isOfLine(run, taken)).toSorted(byPlace)[0];
        expect([taken.runId, taken.queueTimeUs, taken.supervisorId]).toEqual([
          first?.runId,
          first?.queueTimeUs,
          first?.supervisorId,
        ]);
        waiting.delete(taken.runId);
        queues.notClaimed(taken);
      };
      const push = (told: ReadyRun): void => {
        const known = waiting.get(told.runId);
        expect(queues.push(told)).toBe(known === undefined);
        if (known?.supervisorId !== told.supervisorId) waiting.set(told.runId, told);
      };
      for (const command of commands) {
        if (command.kind === "take") take(command.from);
        else push(command.run);
        const bound = [...waiting.values()].flatMap(({ supervisorId }) => (supervisorId === "" ? [] : [supervisorId]));
        expect(new Set(queues.boundSupervisorIds())).toEqual(new Set(bound));
        expect(queues.size).toBe(waiting.size);
      }
    }),
  );
});

test("model: nobody starves: a waiting environment, a queue in it, and a key in that are served before another is served twice", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyRun, { selector: (run) => run.runId, maxLength: 60 }), (runs) => {
      const queues = listed();
      for (const run of runs) queues.push(run);
      const served = drain(queues);
      const isFair = (members: ReadyRun[], nameOf: (run: ReadyRun) => string): void => {
        for (const name of new Set(members.map(nameOf))) {
          const turns = members.flatMap((run, turn) => (nameOf(run) === name ? [turn] : []));
          let since = 0;
          for (const turn of turns) {
            const others = members.slice(since, turn).map(nameOf);
            expect(others).toEqual([...new Set(others)]);
            since = turn + 1;
          }
        }
      };
      isFair(served, (run) => run.environmentId);
      for (const environmentId of new Set(served.map((run) => run.environmentId))) {
        const ofEnvironment = served.filter((run) => run.environmentId === environmentId);
        isFair(ofEnvironment, (run) => run.queue);
        for (const queue of new Set(ofEnvironment.map((run) => run.queue))) {
          isFair(
            ofEnvironment.filter((run) => run.queue === queue),
            (run) => run.concurrencyKey,
          );
        }
      }
    }),
  );
});
