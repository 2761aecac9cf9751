import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A span as a collector sees it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  /** Nanoseconds since 1970. */
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly isError: boolean;
}

/**
 * Reads the spans of an opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest. The few fields that tests look at are read by their numbers
 * (https://github.com/open-telemetry/opentelemetry-proto), so that nothing of the exporter under test is used to check it.
 */
export function decodeSpans(body: Uint8Array): ReceivedSpan[] {
  return messages(body, 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1)[0] ?? new Uint8Array();
    const service = String(attributesOf(resource, 1)["service.name"] ?? "");
    return messages(resourceSpans, 2).flatMap((scopeSpans) =>
      messages(scopeSpans, 2).map((span) => decodeSpan(service, span)),
    );
  });
}

function decodeSpan(service: string, bytes: Uint8Array): ReceivedSpan {
  const status = messages(bytes, 15)[0];
  return {
    service,
    traceId: hex(messages(bytes, 1)[0]),
    spanId: hex(messages(bytes, 2)[0]),
    parentSpanId: hex(messages(bytes, 4)[0]),
    name: text(messages(bytes, 5)[0]),
    startTime: fixed64(bytes, 7),
    endTime: fixed64(bytes, 8),
    attributes: attributesOf(bytes, 9),
    isError: status !== undefined && varint(status, 3) === 2,
  };
}

/** Repeated KeyValue { key = 1, AnyValue value = 2 { string = 1, bool = 2, int = 3, double = 4 } }. */
function attributesOf(bytes: Uint8Array, fieldNumber: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    messages(bytes, fieldNumber).flatMap((pair) => {
      const value = anyValue(messages(pair, 2)[0] ?? new Uint8Array());
      return value === undefined ? [] : [[text(messages(pair, 1)[0]), value]];
    }),
  );
}

function anyValue(bytes: Uint8Array): string | number | boolean | undefined {
  for (const { fieldNumber, wireType, reader } of fields(bytes)) {
    if (fieldNumber === 1) return reader.string();
    if (fieldNumber === 2) return reader.bool();
    if (fieldNumber === 3) return Number(reader.int64());
    if (fieldNumber === 4) return reader.double();
    reader.skip(wireType, fieldNumber);
  }
  return undefined;
}

/** The length-delimited values of a field: messages, bytes or strings. */
function messages(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const { fieldNumber, wireType, reader } of fields(bytes)) {
    if (fieldNumber === wanted && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, fieldNumber);
  }
  return found;
}

function fixed64(bytes: Uint8Array, wanted: number): bigint {
  for (const { fieldNumber, wireType, reader } of fields(bytes)) {
    if (fieldNumber === wanted) return BigInt(reader.fixed64());
    reader.skip(wireType, fieldNumber);
  }
  return 0n;
}

function varint(bytes: Uint8Array, wanted: number): number {
  for (const { fieldNumber, wireType, reader } of fields(bytes)) {
    if (fieldNumber === wanted) return reader.uint32();
    reader.skip(wireType, fieldNumber);
  }
  return 0;
}

/** Stands at each field's value in turn; the caller reads or skips it. */
function* fields(bytes: Uint8Array): Generator<{ fieldNumber: number; wireType: WireType; reader: BinaryReader }> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    yield { fieldNumber, wireType, reader };
  }
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
