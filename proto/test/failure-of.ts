import { CallFailure } from "../grpc.ts";

/** The CallFailure that a promise rejects with; fails the test when it resolves or rejects with anything else. */
export async function failureOf(promise: Promise<unknown>): Promise<CallFailure> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof CallFailure) return error;
    throw new Error("It failed with something that is not a CallFailure.", { cause: error });
  }
  throw new Error(`It did not fail; it gave ${String(value)}.`);
}

/** Everything an iterable gives, until it ends. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of iterable) values.push(value);
  return values;
}
