import { CallFailure, reasonName } from "@windlass/proto/grpc";

/** The failure that a call or a stream ends with. Throws when it does not fail. */
export async function failureOf(call: Promise<unknown> | AsyncIterable<unknown>): Promise<CallFailure> {
  try {
    if (Symbol.asyncIterator in call) await Array.fromAsync(call);
    else await call;
  } catch (error) {
    if (error instanceof CallFailure) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

/** The reason that a call or a stream fails with. */
export async function reasonOf(call: Promise<unknown> | AsyncIterable<unknown>): Promise<string> {
  return reasonName((await failureOf(call)).reason);
}
