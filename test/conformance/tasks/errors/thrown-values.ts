import { task } from "@windlass/sdk";

class CustomError extends Error {
  override readonly name = "CustomError";
  readonly statusCode = 418;
  readonly details = { field: "tea" };
}

function chainOf(length: number): Error {
  return length === 0 ? new Error("the root") : new Error(`level ${length}`, { cause: chainOf(length - 1) });
}

function cyclic(): Error {
  const error: Error & { self?: unknown } = new Error("cyclic");
  error.self = { error };
  error.cause = error;
  return error;
}

function withThrowingGetters(): Error {
  const error = new Error("never read");
  for (const name of ["name", "message", "stack", "cause", "extra"]) {
    Object.defineProperty(error, name, {
      enumerable: true,
      get() {
        throw new Error(`the getter of ${name} throws`);
      },
    });
  }
  return error;
}

function withHugeStack(): Error {
  const error = new Error("has a huge stack");
  error.stack = `Error: has a huge stack\n${"    at somewhere (file.ts:1:1)\n".repeat(2_000_000)}`; // 60 MB
  return error;
}

function deep(depth: number): never {
  if (depth > 0) return deep(depth - 1);
  throw new Error("from the depth");
}

const values = {
  null: () => null,
  undefined: () => undefined,
  "a string": () => "just text",
  "a number": () => 42,
  "an object": () => ({ code: 7 }),
  "a custom error": () => new CustomError("short and stout"),
  "a long message": () => new Error("m".repeat(5_000)),
  "a chain of causes": () => chainOf(9),
  "a cyclic error": cyclic,
  "an error with throwing getters": withThrowingGetters,
  "a stack of 60 MB": withHugeStack,
  "fields of 1 MB": () => Object.assign(new Error("has huge fields"), { data: "x".repeat(1_000_000) }),
  "a proxy that throws": () =>
    new Proxy(new Error("hidden"), {
      get() {
        throw new Error("not readable");
      },
    }),
} satisfies Record<string, () => unknown>;

export type ThrownValue = keyof typeof values;

/** Throws where it is recorded and otherwise ignored. */
export const throwsValueInHooks = task({
  id: "throws-value-in-hooks",
  init: ({ payload }) => {
    throw values[payload.value](); // oxlint-disable-line typescript/only-throw-error
  },
  onSuccess: ({ payload }) => {
    throw values[payload.value](); // oxlint-disable-line typescript/only-throw-error
  },
  run: async (_payload: { value: ThrownValue }) => "the output",
});

export const throwsValue = task({
  id: "throws-value",
  retry: { maxAttempts: 1 },
  run: async ({ value }: { value: ThrownValue | "from the depth" }) => {
    if (value === "from the depth") deep(200);
    throw values[value](); // oxlint-disable-line typescript/only-throw-error -- anything can be thrown
  },
});
