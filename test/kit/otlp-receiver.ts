import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { waitFor } from "./wait-for.ts";
import { decodeSpans, type ReceivedSpan } from "./otlp-spans.ts";

/** An OTLP/HTTP collector that keeps the spans it is sent. */
export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  /** All spans so far. */
  readonly spans: readonly ReceivedSpan[];
  /** How many metric exports came. */
  readonly metricExports: number;
  /** Waits until the spans received so far satisfy `condition`. */
  waitForSpans(
    what: string,
    condition: (spans: readonly ReceivedSpan[]) => boolean,
    deadlineMs?: number,
  ): Promise<readonly ReceivedSpan[]>;
  stop(): Promise<void>;
}

/** Starts a receiver on a free port of loopback. It answers every export with success. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  let metricExports = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const sent = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
      if (request.url === "/v1/traces") spans.push(...decodeSpans(body));
      if (request.url === "/v1/metrics") metricExports += 1;
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get metricExports() {
      return metricExports;
    },
    async waitForSpans(what, condition, deadlineMs) {
      await waitFor(what, () => condition(spans), deadlineMs);
      return spans;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
