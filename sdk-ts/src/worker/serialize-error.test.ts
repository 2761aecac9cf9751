import { toBinary } from "@bufbuild/protobuf";
import { RunErrorCode, RunErrorSchema } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { serializeError } from "./serialize-error.ts";

const code = RunErrorCode.TASK_ERROR;

describe("what can be thrown", () => {
  it.each([
    { thrown: null, message: "null was thrown" },
    { thrown: undefined, message: "undefined was thrown" },
    { thrown: "just words", message: "just words" },
    { thrown: 42, message: "42 was thrown" },
    { thrown: 42n, message: "42 was thrown" },
    { thrown: Symbol("s"), message: "Symbol(s) was thrown" },
    { thrown: false, message: "false was thrown" },
    { thrown: { status: 500 }, message: '{"status":500}' },
    { thrown: { message: "said so", name: "Custom" }, message: "said so" },
    { thrown: {}, message: "an object was thrown" },
  ])("$message", ({ thrown, message }) => {
    expect(serializeError(thrown, code)).toMatchObject({ code, message });
  });

  it("an error with name, frames and own fields", () => {
    class PaymentError extends Error {
      override readonly name = "PaymentError";
      readonly amount = 12;
      readonly nested = { currency: "EUR" };
    }
    const error = serializeError(new PaymentError("declined"), code);
    expect(error).toMatchObject({ name: "PaymentError", message: "declined" });
    expect(error.stack).toMatch(/^ {4}at /);
    expect(error.stack).not.toContain("declined");
    expect(JSON.parse(error.fieldsJson)).toEqual({ amount: 12, nested: { currency: "EUR" } });
  });
});

describe("causes", () => {
  it("are kept nearest first, at most five, without causes of their own", () => {
    let error = new Error("0");
    for (let depth = 1; depth <= 10; depth++) error = new Error(String(depth), { cause: error });
    const { message, causes } = serializeError(error, code);
    expect([message, ...causes.map((cause) => cause.message)]).toEqual(["10", "9", "8", "7", "6", "5"]);
    expect(causes.flatMap((cause) => cause.causes)).toEqual([]);
  });

  it("may go in a circle", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(serializeError(error, code).causes.map(({ message }) => message)).toEqual(["b"]);
  });

  it("of an AggregateError are the errors it gathers", () => {
    const error = new AggregateError([new Error("a"), "b"], "several");
    expect(serializeError(error, code).causes.map(({ message }) => message)).toEqual(["a", "b"]);
  });
});

describe("hostile values", () => {
  const hostile = new Error("a");
  for (const key of ["name", "message", "stack", "cause", "extra"]) {
    Object.defineProperty(hostile, key, {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
  }
  const deniesAll = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
      ownKeys: () => {
        throw new Error("no");
      },
      getPrototypeOf: () => {
        throw new Error("no");
      },
    },
  );
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each([
    { what: "getters that throw", thrown: hostile },
    { what: "a proxy that denies everything", thrown: deniesAll },
    { what: "a revoked proxy", thrown: revoked.proxy },
    { what: "a message that is not a string", thrown: Object.assign(new Error("x"), { message: { toString: null } }) },
    {
      what: "toJSON that throws",
      thrown: Object.assign(new Error("x"), {
        toJSON: () => {
          throw new Error("no");
        },
      }),
    },
    { what: "a field that contains itself", thrown: circular() },
  ])("$what", ({ thrown }) => {
    expect(serializeError(thrown, code).code).toBe(code);
  });
});

describe("sizes", () => {
  const huge = "😀".repeat(25 * 1024 * 1024);

  it.each([
    { what: "a thrown string of 100 MB", thrown: huge },
    { what: "a message of 100 MB", thrown: new Error(huge) },
    { what: "a name of 100 MB", thrown: Object.assign(new Error("x"), { name: huge }) },
    { what: "a stack of 100 MB", thrown: Object.assign(new Error("x"), { stack: `Error: x\n    at ${huge}` }) },
    {
      what: "a stack of a million frames",
      thrown: Object.assign(new Error("x"), { stack: `Error: x${"\n    at f (a.ts:1:1)".repeat(1e6)}` }),
    },
    { what: "a field of 100 MB", thrown: Object.assign(new Error("x"), { huge }) },
    {
      what: "a million fields",
      thrown: Object.assign(new Error("x"), Object.fromEntries(Array.from({ length: 1e6 }, (_, i) => [`f${i}`, i]))),
    },
    { what: "causes that are all large", thrown: chain(6, huge) },
  ])("$what is stored in less than 64 KB", ({ thrown }) => {
    const error = serializeError(thrown, code);
    expect(toBinary(RunErrorSchema, error).length).toBeLessThan(64 * 1024);
    expect(error.message.length).toBeLessThanOrEqual(1_000);
    expect(error.stack.split("\n").length).toBeLessThanOrEqual(50);
    if (error.fieldsJson !== "") JSON.parse(error.fieldsJson);
  });

  it("stores strings with half a surrogate pair as well-formed ones", () => {
    const error = serializeError(new Error("\ud800 half"), code);
    expect(error.message.isWellFormed()).toBe(true);
  });
});

function circular(): Error {
  const error = new Error("x") as Error & { self?: unknown };
  error.self = { error };
  return error;
}

function chain(length: number, filler: string): Error {
  const error = new Error(filler) as Error & { filler?: string };
  error.filler = filler;
  error.stack = `Error\n    at ${filler}`;
  if (length > 1) error.cause = chain(length - 1, filler);
  return error;
}
