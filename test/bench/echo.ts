import type { ServiceDefinition } from "@grpc/grpc-js";

const bytes = (message: Buffer): Buffer => message;
const asBytes = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

/** The smallest gRPC service there is: messages are bytes, and come back. */
export const ECHO = {
  call: { path: "/echo/call", requestStream: false, responseStream: false, ...asBytes },
  stream: { path: "/echo/stream", requestStream: true, responseStream: true, ...asBytes },
} satisfies ServiceDefinition;
