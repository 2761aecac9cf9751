import { Code, ConnectError } from "@connectrpc/connect";
import { CallErrorSchema } from "@windlass/proto";
import { asCallFailure, callErrorFromFailure } from "@windlass/proto/grpc";

/** The numbers of both are those of google.rpc.Code. */
const codes = new Map(
  Object.values(Code).flatMap((code) => (typeof code === "number" ? [[code as number, code]] : [])),
);

/** The failure as the browser gets it: its code and sentence, and everything else in a windlass.v1.CallError detail. */
export function toConnectError(error: unknown): ConnectError {
  const failure = asCallFailure(error);
  return new ConnectError(failure.message, codes.get(failure.code) ?? Code.Unknown, undefined, [
    { desc: CallErrorSchema, value: callErrorFromFailure(failure) },
  ]);
}
