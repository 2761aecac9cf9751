import { describe, expect, it } from "vitest";
import { settle, StartedLifecycle } from "./started-lifecycle.testkit.ts";

interface Layer {
  readonly next: () => Promise<void>;
}

describe("next()", () => {
  it("throws when it is called a second time", async () => {
    let second: unknown;
    const { outcome } = new StartedLifecycle({
      hooks: {
        middleware: async ({ next }: Layer) => {
          await next();
          try {
            await next();
          } catch (error) {
            second = error;
          }
        },
      },
    });
    expect((await outcome).ok).toBe(true);
    expect(String(second)).toBe("Error: next() was called a second time by the task's middleware");
  });

  it("called a second time fails the attempt if nobody catches that", async () => {
    const middleware = async ({ next }: Layer) => {
      await next();
      await next();
    };
    const { outcome } = new StartedLifecycle({ globals: { middleware: [{ name: "db", fn: middleware }] } });
    expect(await outcome).toMatchObject({
      ok: false,
      failure: {
        code: "TASK_ERROR",
        thrown: { message: 'next() was called a second time by the global middleware "db"' },
      },
    });
  });

  it("never called fails the attempt, and nothing inside runs", async () => {
    const started = new StartedLifecycle({ hooks: { middleware: () => {}, onStart: () => {}, handleError: () => {} } });
    expect(await started.outcome).toMatchObject({ ok: false, failure: { code: "MIDDLEWARE_NEXT_NOT_CALLED" } });
    expect(started.settled).toEqual(["middleware ok", "handleError ok"]);
  });

  it("throws when it comes after the middleware has ended", async () => {
    let late: (() => Promise<void>) | undefined;
    const { outcome } = new StartedLifecycle({ hooks: { middleware: ({ next }: Layer) => void (late = next) } });
    await outcome;
    expect(() => late?.()).toThrow("next() was called by the task's middleware after it had ended");
  });

  it("that is not awaited is waited for all the same", async () => {
    const gate = Promise.withResolvers<string>();
    const started = new StartedLifecycle({
      run: () => gate.promise,
      hooks: { middleware: ({ next }: Layer) => void next() },
    });
    await settle();
    expect(started.settled).toEqual(["middleware ok"]);
    gate.resolve("in the end");
    expect(await started.outcome).toEqual({ ok: true, output: "in the end" });
  });

  it("resolves also when the attempt has failed", async () => {
    let seen: unknown = "rejected";
    const { outcome } = new StartedLifecycle({
      run: () => Promise.reject(new Error("no")),
      hooks: { middleware: async ({ next }: Layer) => void (seen = await next()) },
    });
    expect((await outcome).ok).toBe(false);
    expect(seen).toBeUndefined();
  });

  it("never resolves in an attempt that was given up: nothing of it goes on", async () => {
    let wentOn = false;
    const started = new StartedLifecycle({
      run: () => new Promise(() => {}),
      hooks: {
        middleware: async ({ next }: Layer) => {
          await next();
          wentOn = true;
        },
      },
    });
    await settle();
    started.exceedMaxDuration();
    started.interruption.giveUp("everything");
    expect(await started.outcome).toMatchObject({ failure: { code: "MAX_DURATION_EXCEEDED" } });
    await settle();
    expect(wentOn).toBe(false);
  });
});

describe("an error", () => {
  it("after next() discards the output: onSuccess has run, onFailure follows in the last attempt", async () => {
    const started = new StartedLifecycle({
      attempt: 3,
      hooks: {
        middleware: async ({ next }: Layer) => {
          await next();
          throw new Error("too late");
        },
        onSuccess: () => {},
        onComplete: () => {},
        onFailure: () => {},
        cleanup: () => {},
      },
    });
    expect(await started.outcome).toMatchObject({ failure: { code: "TASK_ERROR", thrown: { message: "too late" } } });
    expect(started.settled).toEqual([
      "run ok",
      "onSuccess ok",
      "onComplete ok",
      "cleanup ok",
      "middleware failed",
      "onFailure ok",
    ]);
  });

  it("of an inner layer is handled inside of the outer one, which still has what the handlers need", async () => {
    const order: string[] = [];
    const { outcome } = new StartedLifecycle({
      globals: {
        middleware: [
          {
            name: "outer",
            fn: async ({ next }: Layer) => {
              order.push("connect");
              await next();
              order.push("disconnect");
            },
          },
          { name: "inner", fn: () => Promise.reject(new Error("no")) },
        ],
      },
      hooks: { handleError: () => void order.push("handleError"), cleanup: () => void order.push("cleanup") },
    });
    await outcome;
    expect(order).toEqual(["connect", "handleError", "cleanup", "disconnect"]);
  });
});
