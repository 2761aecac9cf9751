import type { Readable } from "node:stream";
import { MAX_PAYLOAD_BYTES } from "../content/limits.ts";
import { UsageError } from "./usage-error.ts";

/** All text of a stream, as much as a payload may have. Throws UsageError when it is more. `what` is what to call it then. */
export async function readBounded(what: string, stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_PAYLOAD_BYTES)
      throw new UsageError(`${what} has more than ${MAX_PAYLOAD_BYTES.toLocaleString("en")} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString();
}
