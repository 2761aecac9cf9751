import type { IncomingMessage } from "node:http";
import { ErrorReason } from "@windlass/proto";
import { HttpProblem } from "./http-problem.ts";

/** The whole body. Throws 413 as soon as it is known to be too large; what follows is not kept. */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(message.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  // The connection is needed for the answer, so a body that is given up does not end it.
  for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, ErrorReason.FIELD_INVALID, `The body must be at most ${maxBytes} bytes.`);
}
