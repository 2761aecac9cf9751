import { once } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A span as it arrived. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  /** 2 is ERROR. */
  readonly statusCode: number;
}

/** A real HTTP server that takes OTLP as a collector does. */
export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  /** Names of the metrics received so far. */
  readonly metricNames: Set<string>;
  stop(): Promise<void>;
}

/** `answer: "never"` takes requests and leaves them unanswered. */
export async function startOtlpReceiver(answer: "ok" | "never" = "ok"): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metricNames = new Set<string>();
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      if (request.url === "/v1/traces") spans.push(...readSpans(body));
      if (request.url === "/v1/metrics") for (const name of readMetricNames(body)) metricNames.add(name);
      if (answer === "ok") response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("an HTTP server has an address and a port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    spans,
    metricNames,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Field = Uint8Array | number | bigint;

/** Field numbers below are those of opentelemetry/proto/collector/trace/v1 and trace/v1. */
function readSpans(request: Uint8Array): ReceivedSpan[] {
  return messagesAt(request, 1, 2, 2).map((fields) => ({
    name: text(fields, 5),
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    parentSpanId: hex(fields, 4),
    kind: Number(fields.get(6)?.[0] ?? 0),
    startTimeNs: BigInt((fields.get(7)?.[0] as bigint | undefined) ?? 0),
    endTimeNs: BigInt((fields.get(8)?.[0] as bigint | undefined) ?? 0),
    statusCode: Number(readFields(bytes(fields, 15)).get(3)?.[0] ?? 0),
  }));
}

function readMetricNames(request: Uint8Array): string[] {
  return messagesAt(request, 1, 2, 2).map((fields) => text(fields, 1));
}

/** All messages reached by following these repeated fields down. */
function messagesAt(message: Uint8Array, ...path: number[]): Map<number, Field[]>[] {
  const [first, ...rest] = path;
  if (first === undefined) return [readFields(message)];
  return (readFields(message).get(first) ?? []).flatMap((child) => messagesAt(child as Uint8Array, ...rest));
}

function readFields(message: Uint8Array): Map<number, Field[]> {
  const fields = new Map<number, Field[]>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    fields.set(number, [...(fields.get(number) ?? []), readValue(reader, type)]);
  }
  return fields;
}

function readValue(reader: BinaryReader, type: WireType): Field {
  switch (type) {
    case WireType.LengthDelimited:
      return reader.bytes();
    case WireType.Bit64:
      return BigInt(reader.fixed64());
    case WireType.Bit32:
      return reader.fixed32();
    case WireType.Varint:
      return BigInt(reader.uint64());
    default:
      throw new Error(`OTLP has no fields of wire type ${type}`);
  }
}

function bytes(fields: Map<number, Field[]>, number: number): Uint8Array {
  return (fields.get(number)?.[0] as Uint8Array | undefined) ?? new Uint8Array();
}

function hex(fields: Map<number, Field[]>, number: number): string {
  return Buffer.from(bytes(fields, number)).toString("hex");
}

function text(fields: Map<number, Field[]>, number: number): string {
  return Buffer.from(bytes(fields, number)).toString("utf8");
}
