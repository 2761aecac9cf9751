import { RunErrorCode } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { failureOf, json, listenTo, outputOf, testWorkers } from "./worker.testkit.ts";

const workers = testWorkers();

describe("a wait", () => {
  it("runs onWait, suspends, and after Resume runs onResume and goes on with its memory intact", async () => {
    const heard = listenTo(workers.shared);
    workers.shared.start({ runId: "run_1", taskId: "waits", payload: json({}) });
    const { runId, wait } = await heard.heard("suspend");
    expect([runId, wait?.kind]).toMatchObject(["run_1", { case: "until", value: { seconds: 60n } }]);
    expect(heard.logs().map(({ message }) => message)).toEqual(["middleware in", "started waits", "onWait duration"]);
    workers.shared.say({ case: "resume", value: { runId: "run_1", waitId: "another wait" } });
    workers.shared.say({ case: "resume", value: { runId: "run_1", waitId: wait!.id } });
    const finished = await heard.heard("attemptFinished");
    expect([outputOf(finished), finished.discardWorker]).toEqual([42, false]);
    expect(
      heard
        .logs()
        .slice(3)
        .map(({ message }) => message),
    ).toEqual(["onResume duration", "cleaned up", "middleware out"]);
  });

  it("beside another one throws, and the first goes on", async () => {
    const heard = listenTo(workers.shared);
    workers.shared.start({ runId: "run_1", taskId: "waits-twice" });
    const { wait } = await heard.heard("suspend");
    workers.shared.say({ case: "resume", value: { runId: "run_1", waitId: wait!.id } });
    expect(outputOf(await heard.heard("attemptFinished"))).toContain("two waits at once");
    expect(heard.kinds().filter((kind) => kind === "suspend")).toHaveLength(1);
  });

  it("that is canceled runs onCancel, then cleanup, and nothing else of the attempt", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ runId: "run_1", taskId: "waits", payload: json({}) });
      await heard.heard("suspend");
      own.say({ case: "cancel", value: { runId: "run_1", reason: "enough", timeLeft: { seconds: 30n } } });
      const finished = await heard.heard("attemptFinished");
      expect(failureOf(finished).error?.code).toBe(RunErrorCode.CANCELED);
      expect(finished.discardWorker).toBe(true);
      expect(
        heard
          .logs()
          .slice(3)
          .map(({ message }) => message),
      ).toEqual(["onCancel true AbortError: the run was canceled: enough", "cleaned up"]);
    });
  });
});

describe("a cancel", () => {
  it("is acknowledged at once; a run that returns in time keeps its output", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ runId: "run_1", taskId: "cancelable", attemptNumber: 2, payload: json("return") });
      await heard.heard("log");
      own.say({ case: "cancel", value: { runId: "run_1", reason: "changed my mind" } });
      expect((await heard.heard("cancelAck")).runId).toBe("run_1");
      const finished = await heard.heard("attemptFinished");
      expect(outputOf(finished)).toEqual({ reason: "the run was canceled: changed my mind", name: "AbortError" });
      expect(finished.discardWorker).toBe(true);
      expect(heard.logs().map(({ message }) => message)).toEqual(["waiting", "cleaned up"]);
    });
  });

  it("ends a run that throws as CANCELED", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ runId: "run_1", taskId: "cancelable", attemptNumber: 3, payload: json("throw") });
      await heard.heard("log");
      own.say({ case: "cancel", value: { runId: "run_1", reason: "" } });
      const { error, skipRetry } = failureOf(await heard.heard("attemptFinished"));
      expect([error?.code, skipRetry]).toEqual([RunErrorCode.CANCELED, true]);
    });
  });

  it("of a run that has ended is ignored", async () => {
    workers.shared.say({ case: "cancel", value: { runId: "run_of_before", reason: "" } });
    expect((await workers.shared.run({ taskId: "noop" })).discardWorker).toBe(false);
  });
});

describe("onCancel", () => {
  it("can wait for run's output, which is kept", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ runId: "run_1", taskId: "saves-on-cancel", payload: json("") });
      await own.until(() => heard.logs().some(({ message }) => message === "begun"), "run begins");
      own.say({ case: "cancel", value: { runId: "run_1", timeLeft: { seconds: 30n } } });
      expect(outputOf(await heard.heard("attemptFinished"))).toEqual({ message: "Hello, world!" });
      expect(heard.logs().at(-1)?.message).toBe('saved {"message":"Hello, world!"}');
    });
  });

  it("that does not end in time is given up; the output of a run that returned is kept", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ runId: "run_1", taskId: "saves-on-cancel", payload: json("hang") });
      await own.until(() => heard.logs().some(({ message }) => message === "begun"), "run begins");
      own.say({ case: "cancel", value: { runId: "run_1", timeLeft: { seconds: 1n } } });
      const finished = await heard.heard("attemptFinished");
      expect([outputOf(finished), finished.discardWorker]).toEqual([{ message: "Hello, world!" }, true]);
    });
  });

  it("does not keep a hook that hangs from being canceled", async () => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      own.start({ runId: "run_1", taskId: "hangs", payload: json("onStart") });
      await own.until(() => heard.logs().some(({ message }) => message === "begun"), "onStart begins");
      own.say({ case: "cancel", value: { runId: "run_1", timeLeft: { seconds: 1n } } });
      expect(failureOf(await heard.heard("attemptFinished")).error?.code).toBe(RunErrorCode.CANCELED);
    });
  });
});

describe("maxDuration", () => {
  it.each([
    { what: "run", cleanedUp: false },
    { what: "onStart", cleanedUp: false },
    { what: "honours signal", cleanedUp: true },
  ])("ends an attempt that is longer ($what), and it is not repeated", async ({ what, cleanedUp }) => {
    await workers.own(async (own) => {
      const heard = listenTo(own);
      const maxDuration = { nanos: 200e6 };
      const finished = await own.run({ taskId: "hangs", payload: json(what), maxDuration });
      const { error, skipRetry } = failureOf(finished);
      expect([error?.code, skipRetry]).toEqual([RunErrorCode.MAX_DURATION_EXCEEDED, true]);
      expect(error?.message).toBe("the run exceeded its maxDuration of 0.2 s");
      expect(finished.discardWorker).toBe(true);
      expect(heard.logs().some(({ message }) => message === "cleaned up")).toBe(cleanedUp);
      expect(heard.logs().some(({ message }) => message === "must not run")).toBe(false);
    });
  });

  it("does not count the time of a wait", async () => {
    const heard = listenTo(workers.shared);
    workers.shared.start({ runId: "run_1", taskId: "waits", payload: json({}), maxDuration: { nanos: 300e6 } });
    const { wait } = await heard.heard("suspend");
    // Another process proves that the time has passed while the attempt waited.
    await workers.own(async (own) => {
      await own.run({ taskId: "hangs", payload: json("run"), maxDuration: { nanos: 300e6 } });
    });
    workers.shared.say({ case: "resume", value: { runId: "run_1", waitId: wait!.id } });
    expect(outputOf(await heard.heard("attemptFinished"))).toBe(42);
  });
});
