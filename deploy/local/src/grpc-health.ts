import { connect } from "node:http2";

const framedEmptyRequest = Buffer.alloc(5); // not compressed, no bytes: the health of the server as a whole
const serving = Buffer.from([0x08, 0x01]); // HealthCheckResponse { status: SERVING }
const answerLimitMs = 1_000;

/**
 * One grpc.health.v1.Health/Check without credentials: true only when the server answers SERVING.
 * Speaks HTTP/2 itself: a gRPC channel backs off for a second after a refused connection, too long for something that starts in less.
 */
export function isServing(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const settle = (answer: boolean): void => {
      session.destroy();
      resolve(answer);
    };
    session.once("error", () => settle(false));
    session.setTimeout(answerLimitMs, () => settle(false));
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("error", () => settle(false));
    stream.once("end", () => settle(Buffer.concat(chunks).subarray(5).equals(serving)));
    stream.end(framedEmptyRequest);
  });
}
