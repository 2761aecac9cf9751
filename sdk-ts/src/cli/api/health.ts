import { fromBinary, toBinary, create } from "@bufbuild/protobuf";
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "@windlass/proto";
import type { ClientChannel } from "@windlass/proto/grpc";

/** What a server says of itself. */
export interface ServerHealth {
  readonly isServing: boolean;
  /** The server's clock when it answered, to the second; undefined when it does not tell. */
  readonly serverTime: Date | undefined;
  /** How long the answer took, in milliseconds. */
  readonly roundTripMs: number;
}

/**
 * Asks the server's health service, which needs no credential. Made without the typed client, which hides what comes with the answer: the time on the
 * server's clock. Rejects with the ServiceError of a failed call.
 */
export function checkHealth(channel: ClientChannel, timeoutMs: number): Promise<ServerHealth> {
  const beganMs = performance.now();
  return new Promise((resolve, reject) => {
    let serverTime: Date | undefined;
    const call = channel.grpc.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      () => Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema))),
      (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
      {},
      channel.metadata,
      { deadline: Date.now() + timeoutMs },
      (error, response) => {
        if (error !== null) return reject(error);
        const isServing = response?.status === HealthCheckResponse_ServingStatus.SERVING;
        return resolve({ isServing, serverTime, roundTripMs: performance.now() - beganMs });
      },
    );
    call.on("metadata", (metadata) => {
      const date = Date.parse(String(metadata.get("date")[0]));
      if (!Number.isNaN(date)) serverTime = new Date(date);
    });
  });
}
