import { type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import { CallFailure, callFailureToServiceError, hasStatusDetails, impliedReason } from "@windlass/proto/grpc";

/**
 * Gives a type to the failures that grpc-js makes itself (a message beyond the limit, a deadline, bytes that cannot be unpacked): the reason that their
 * code implies. Changes the call that it is given, because that is where grpc-js makes them.
 */
export function withTypedStatus(call: ServerInterceptingCallInterface): ServerInterceptingCallInterface {
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (ending) => {
    const { code, details, metadata } = ending;
    if (code === status.OK || hasStatusDetails(metadata)) {
      sendStatus(ending);
      return;
    }
    const failure = new CallFailure({ code, reason: impliedReason(code, details), message: details });
    sendStatus(callFailureToServiceError(failure));
  };
  return call;
}
