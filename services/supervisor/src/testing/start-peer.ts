import { create, type DescService } from "@bufbuild/protobuf";
import {
  createGrpcServer,
  createLogger,
  type GrpcServer,
  internalAuthenticator,
  startTelemetry,
} from "@windlass/chassis";
import { type CallError, CallErrorSchema, ErrorReason } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";

export const testToken = "a-token-for-tests";

/** Says nothing, unless WINDLASS_TEST_LOG is set. */
export const testLogger = createLogger({
  service: "test",
  level: process.env["WINDLASS_TEST_LOG"] === undefined ? "error" : "debug",
  ...(process.env["WINDLASS_TEST_LOG"] === undefined && { write: () => {} }),
});
export const testTelemetry = startTelemetry({ service: "test", logger: testLogger });

/** Serves one service, and what `addMore` adds, over real gRPC on a port of its own. */
export async function startPeer<S extends DescService>(
  service: S,
  implementation: ServiceImplementation<S>,
  addMore: (server: GrpcServer) => void = () => {},
) {
  const server = createGrpcServer({
    address: "127.0.0.1:0",
    logger: testLogger,
    telemetry: testTelemetry,
    authenticate: internalAuthenticator(testToken),
  });
  server.add(service, implementation);
  addMore(server);
  await server.start();
  return { address: server.address, stop: () => server.stop() };
}

/** A refusal as the real services say it: UNAVAILABLE when it passes, else FAILED_PRECONDITION. */
export function callError(reason: ErrorReason, message = "refused by the test"): CallError {
  return create(CallErrorSchema, { code: reason === ErrorReason.NOT_READY ? 14 : 9, reason, message });
}
