import { type Code, ConnectError } from "@connectrpc/connect";
import { CallErrorSchema } from "@windlass/proto";
import { asCallFailure, callErrorFromFailure } from "@windlass/proto/grpc";

/** The failure as the browser gets it: its code and sentence, and everything else in a windlass.v1.CallError detail. */
export function toConnectError(error: unknown): ConnectError {
  const failure = asCallFailure(error);
  // The numbers of both are those of google.rpc.Code.
  return new ConnectError(failure.message, failure.code as number as Code, undefined, [
    { desc: CallErrorSchema, value: callErrorFromFailure(failure) },
  ]);
}
