import { describe, expect, it } from "vitest";
import type { AttemptWait } from "../../task/active-attempt.ts";
import { settle, StartedLifecycle } from "./started-lifecycle.testkit.ts";

const WAIT: AttemptWait = { type: "token", token: "token_1" };

/** A run that does this once the test has the lifecycle in hand. */
function start(act: (started: StartedLifecycle) => Promise<unknown>, hooks = {}): StartedLifecycle {
  const started: StartedLifecycle = new StartedLifecycle({
    run: async () => {
      await settle();
      return act(started);
    },
    hooks,
  });
  return started;
}

async function suspended(started: StartedLifecycle): Promise<void> {
  while (started.suspended.length === 0) await settle();
}

describe("a wait", () => {
  it("runs onWait, suspends, and once resumed runs onResume; hooks see no runIds", async () => {
    const seen: unknown[] = [];
    const see = (params: { wait: unknown; init: unknown }) => void seen.push([params.wait, params.init]);
    const batch: AttemptWait = { type: "batch", batchId: "batch_1", runCount: 2, runIds: ["run_1", "run_2"] };
    const started = start((own) => own.wait(batch), { init: () => ({ a: 1 }), onWait: see, onResume: see });
    await suspended(started);
    expect(seen).toEqual([[{ type: "batch", batchId: "batch_1", runCount: 2 }, { a: 1 }]]);
    expect(started.suspended).toEqual([batch]);
    started.resume();
    expect((await started.outcome).ok).toBe(true);
    expect(seen).toEqual([seen[0], seen[0]]);
  });

  it("goes on whatever its hooks throw", async () => {
    const fail = () => Promise.reject(new Error("no"));
    const started = start((own) => own.wait(WAIT), { onWait: fail, onResume: fail });
    await suspended(started);
    started.resume();
    expect((await started.outcome).ok).toBe(true);
    expect(started.settled).toEqual(["onWait ignored", "onResume ignored", "run ok"]);
  });

  it("beside another one throws a clear error; after it, it is fine", async () => {
    const started = start(async (own) => {
      const first = own.wait(WAIT);
      const second = await own.wait({ type: "task", runId: "run_2" }).catch(String);
      await first;
      return second;
    });
    await suspended(started);
    started.resume();
    expect(await started.outcome).toEqual({
      ok: true,
      output:
        "Error: two waits at once: the run already waits for a token, and cannot wait for a task beside it. " +
        "Await one after the other; to wait for several runs, use batchTriggerAndWait.",
    });
  });

  it("that run did not await suspends nothing once run has returned", async () => {
    let waited: unknown;
    const started = start(
      async (own) => {
        void own.wait(WAIT).catch((error: unknown) => (waited = error));
        return "returned";
      },
      { onWait: () => settle(), onSuccess: () => settle() },
    );
    expect(await started.outcome).toEqual({ ok: true, output: "returned" });
    await settle();
    expect(started.suspended).toEqual([]);
    expect(String(waited)).toContain("begun, but not awaited");
  });

  it("after the attempt has ended throws, and calls no hook", async () => {
    const started = new StartedLifecycle({ hooks: { onWait: () => {} } });
    await started.outcome;
    await expect(started.wait(WAIT)).rejects.toThrow("left behind");
    expect(started.settled).toEqual(["run ok"]);
  });

  it("of an attempt that is canceled in onWait is not begun, and throws the signal's reason into run", async () => {
    const started = start((own) => own.wait(WAIT), { onWait: () => started.cancel() });
    expect(await started.outcome).toMatchObject({ failure: { code: "CANCELED" } });
    expect(started.suspended).toEqual([]);
    expect(started.reports.find(({ hook }) => hook === "run")?.error?.thrown).toMatchObject({ name: "AbortError" });
  });
});
