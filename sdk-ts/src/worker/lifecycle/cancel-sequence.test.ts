import { describe, expect, it } from "vitest";
import type { HookName } from "../../task/hook-types.ts";
import { settle, StartedLifecycle } from "./started-lifecycle.testkit.ts";

interface Cancel {
  readonly signal: AbortSignal;
  readonly init: unknown;
  readonly payload: unknown;
  readonly task: string;
  readonly runPromise: Promise<unknown>;
}
interface RunParams {
  readonly signal: AbortSignal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Returns as soon as it is canceled. */
const obedient = async (_payload: unknown, { signal }: RunParams): Promise<string> => {
  await aborted(signal);
  return "in time";
};

describe("a cancel while run runs", () => {
  it("calls the onCancel hooks at once, global ones first, with payload, signal, init, task and runPromise", async () => {
    const seen: unknown[] = [];
    const see = (name: string) => async (params: Cancel) => {
      const { payload, signal, init, task, runPromise } = params;
      seen.push([name, payload, signal.aborted, init, task, await runPromise]);
    };
    const started = new StartedLifecycle({
      run: obedient,
      hooks: { init: () => ({ data: 1 }), onCancel: see("task") },
      globals: { onCancel: [{ name: "g", fn: see("global") }] },
    });
    await settle();
    started.cancel();
    expect(await started.outcome).toEqual({ ok: true, output: "in time" });
    const rest = ["payload", true, { data: 1 }, "the-task", "in time"];
    expect(seen).toEqual([
      ["global", ...rest],
      ["task", ...rest],
    ]);
  });

  it("calls hooks that run itself has registered", async () => {
    const started: StartedLifecycle = new StartedLifecycle({
      run: async (_payload: unknown, { signal }: RunParams) => {
        await settle();
        started.globals.onCancel = [{ name: "inside run", fn: () => {} }];
        return obedient(undefined, { signal });
      },
    });
    await settle();
    await settle();
    started.cancel();
    await started.outcome;
    expect(started.settled).toContain("onCancel inside run ok");
  });

  it("gives the hooks run's error, if it throws; the run is CANCELED, and no handler is asked", async () => {
    let seen: unknown;
    const started = new StartedLifecycle({
      run: async (_payload: unknown, { signal }: RunParams) => {
        await aborted(signal);
        throw new Error("of run");
      },
      hooks: {
        onCancel: ({ runPromise }: Cancel) => runPromise.catch((error: unknown) => (seen = error)),
        handleError: () => {},
        onFailure: () => {},
        onComplete: () => {},
        cleanup: () => {},
      },
    });
    await settle();
    started.cancel();
    expect(await started.outcome).toMatchObject({
      failure: { code: "CANCELED", thrown: { message: "the run was canceled: enough" }, skipRetry: true },
    });
    expect(String(seen)).toBe("Error: of run");
    expect(started.settled).toEqual(["run failed", "onCancel ok", "cleanup ok"]);
  });

  it("lets cleanup begin only after the onCancel hooks", async () => {
    const gate = Promise.withResolvers<void>();
    const started = new StartedLifecycle({ run: obedient, hooks: { onCancel: () => gate.promise, cleanup: () => {} } });
    await settle();
    started.cancel();
    await settle();
    expect(started.settled).toEqual(["run ok"]);
    gate.resolve();
    await started.outcome;
    expect(started.settled).toEqual(["run ok", "onCancel ok", "cleanup ok"]);
  });

  it("gives up hooks that hang when the time is up, and keeps the output", async () => {
    const hang = () => new Promise(() => {});
    const started = new StartedLifecycle({ run: obedient, hooks: { onCancel: hang, cleanup: hang } });
    await settle();
    started.cancel();
    await settle();
    started.interruption.giveUp("hooks");
    expect(await started.outcome).toEqual({ ok: true, output: "in time" });
    expect(started.settled).toEqual(["run ok", "onCancel ignored"]);
  });

  it("does not end as long as run runs: what is said to be canceled must not go on", async () => {
    const started = new StartedLifecycle({ run: () => new Promise(() => {}), hooks: { onCancel: () => {} } });
    let hasEnded = false;
    void started.outcome.then(() => (hasEnded = true));
    await settle();
    started.cancel();
    started.interruption.giveUp("hooks");
    await settle();
    expect(hasEnded).toBe(false);
  });
});

describe("a cancel before run", () => {
  it("rejects runPromise: run does not begin any more", async () => {
    let seen: unknown;
    const started: StartedLifecycle = new StartedLifecycle({
      hooks: {
        onStart: async () => {
          await settle();
          started.cancel();
        },
        onCancel: ({ runPromise }: Cancel) => runPromise.catch((error: unknown) => (seen = error)),
      },
    });
    expect(await started.outcome).toMatchObject({ failure: { code: "CANCELED" } });
    expect(String(seen)).toBe("AbortError: the run was canceled: enough");
    expect(started.settled.toSorted()).toEqual(["onCancel ok", "onStart ok"]);
  });
});

describe("a cancel of a suspended attempt", () => {
  /** Waits in run for what never comes, and says what goes on after it. */
  function suspended(hooks: Partial<Record<HookName, (...args: never[]) => unknown>>) {
    const wentOn: string[] = [];
    const started: StartedLifecycle = new StartedLifecycle({
      run: async () => {
        await settle();
        await started.wait({ type: "token", token: "t" }).finally(() => wentOn.push("run"));
      },
      hooks: {
        middleware: async ({ next }: { next: () => Promise<void> }) => {
          await next().finally(() => wentOn.push("middleware"));
        },
        onResume: () => void wentOn.push("onResume"),
        ...hooks,
      },
    });
    return { started, wentOn };
  }

  async function untilSuspended({ suspended: waits }: StartedLifecycle): Promise<void> {
    await settle();
    await settle();
    expect(waits).toHaveLength(1);
  }

  const canceled = { failure: { code: "CANCELED" } };

  it("runs the onCancel hooks, then cleanup; nothing of run goes on, and middleware does not unwind", async () => {
    let seen: unknown;
    const { started, wentOn } = suspended({
      onCancel: ({ runPromise }: Cancel) => runPromise.catch((error: unknown) => (seen = error)),
      cleanup: () => {},
      onSuccess: () => {},
      onFailure: () => {},
      onComplete: () => {},
      handleError: () => {},
    });
    await untilSuspended(started);
    started.cancel();
    expect(await started.outcome).toMatchObject(canceled);
    started.resume();
    await settle();
    expect(String(seen)).toBe("AbortError: the run was canceled: enough");
    expect(started.settled).toEqual(["onCancel ok", "cleanup ok", "middleware failed", "run failed"]);
    expect(wentOn).toEqual([]);
  });

  it("does not come back though it was resumed in the same moment", async () => {
    const { started, wentOn } = suspended({ onCancel: () => settle(), cleanup: () => settle() });
    await untilSuspended(started);
    started.resume();
    started.cancel();
    expect(await started.outcome).toMatchObject(canceled);
    expect([wentOn, started.settled.slice(0, 2)]).toEqual([[], ["onCancel ok", "cleanup ok"]]);
  });

  it("gives cleanup the init data, and stays CANCELED when it throws; the others run all the same", async () => {
    let seen: unknown;
    const { started } = suspended({
      init: () => ({ data: 1 }),
      cleanup: ({ init }: { init: unknown }) => {
        seen = init;
        throw new Error("of the task's own");
      },
    });
    started.globals.cleanup = [
      {
        name: "g",
        fn: () => {
          throw new Error("of the global one");
        },
      },
    ];
    await untilSuspended(started);
    started.cancel();
    expect(await started.outcome).toMatchObject(canceled);
    expect(seen).toEqual({ data: 1 });
    expect(started.settled.filter((line) => line.startsWith("cleanup"))).toEqual([
      "cleanup g failed",
      "cleanup failed",
    ]);
  });

  it("does not run cleanup when no time is left for it", async () => {
    const { started } = suspended({ onCancel: () => new Promise(() => {}), cleanup: () => {} });
    await untilSuspended(started);
    started.cancel();
    await settle();
    started.interruption.giveUp("hooks");
    expect(await started.outcome).toMatchObject(canceled);
    expect(started.settled).toEqual(["middleware failed", "onCancel ignored", "run failed"]);
  });

  it("gives up a cleanup that hangs when the time is up", async () => {
    const { started } = suspended({ cleanup: () => new Promise(() => {}) });
    await untilSuspended(started);
    started.cancel();
    await settle();
    started.interruption.giveUp("hooks");
    expect(await started.outcome).toMatchObject(canceled);
    expect(started.settled).toEqual(["middleware failed", "cleanup failed", "run failed"]);
  });

  it("lets nothing wait any more: cleanup that tries is told of the cancel", async () => {
    let seen: unknown;
    const { started } = suspended({
      cleanup: async () => {
        await started.wait({ type: "token", token: "second" }).catch((error: unknown) => (seen = error));
      },
    });
    await untilSuspended(started);
    started.cancel();
    await started.outcome;
    expect(String(seen)).toBe("AbortError: the run was canceled: enough");
    expect(started.suspended).toHaveLength(1);
  });

  it("in a cleanup function: those after it run, none runs twice", async () => {
    const started: StartedLifecycle = new StartedLifecycle({
      hooks: { cleanup: () => {}, onCancel: () => {} },
      globals: {
        cleanup: [
          { name: "first", fn: () => {} },
          { name: "waits", fn: () => started.wait({ type: "token", token: "t" }) },
        ],
      },
    });
    await untilSuspended(started);
    started.cancel();
    expect(await started.outcome).toEqual({ ok: true, output: "output" });
    expect(started.settled.slice(1)).toEqual(["cleanup first ok", "onCancel ok", "cleanup ok", "cleanup waits failed"]);
  });
});
