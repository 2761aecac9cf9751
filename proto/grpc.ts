// The adapter between the generated code and grpc-js: typed servers, typed clients, typed failures.
export { type BackoffOptions, backoffMs } from "./grpc/backoff.ts";
export { callErrorFromFailure, callFailureFromError } from "./grpc/call-error.ts";
export {
  CallFailure,
  type CallFailureInit,
  type Violation,
  asCallFailure,
  fieldInvalid,
  reasonFromName,
  reasonName,
} from "./grpc/call-failure.ts";
export { type ChannelOptions, type ClientChannel, createChannel } from "./grpc/channel.ts";
export type { BidiCall, CallOptions, ResponseStream } from "./grpc/client-call.ts";
export { type Client, createClient } from "./grpc/client.ts";
export {
  type Correlated,
  type CorrelatedStream,
  type CorrelatedStreamOptions,
  createCorrelatedStream,
} from "./grpc/correlated-stream.ts";
export {
  callFailureFromServiceError,
  callFailureToServiceError,
  hasStatusDetails,
  impliedReason,
} from "./grpc/failure-status.ts";
export { type ForwardingOptions, forwardingHandlers } from "./grpc/forwarding-handlers.ts";
export { keepaliveOptions } from "./grpc/keepalive.ts";
export { DEFAULT_MAX_MESSAGE_BYTES } from "./grpc/message-codec.ts";
export { type PushStream, createPushStream } from "./grpc/push-stream.ts";
export { type RunningCall, RunningCalls } from "./grpc/running-calls.ts";
export type { CallHooks } from "./grpc/server-call.ts";
export { methodPath, serviceDefinition } from "./grpc/service-definition.ts";
export { type ServiceHandlerOptions, serviceHandlers } from "./grpc/service-handlers.ts";
export type { CallContext, MethodHandler, ServiceImplementation } from "./grpc/service-implementation.ts";
export { status } from "@grpc/grpc-js";
