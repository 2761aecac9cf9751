import {
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { type CallFailure, fieldInvalid } from "./call-failure.ts";
import { hasMoreFieldsThan } from "./field-count.ts";
import { findMalformedText } from "./malformed-text.ts";

/** The largest message either side sends or accepts. */
export const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The most fields that a request may have, at all depths together: far more than any honest one. */
export const DEFAULT_MAX_REQUEST_FIELDS = 1_000_000;

/** What becomes of a string that holds half a surrogate pair: the message is refused, or the half is replaced by U+FFFD. */
export type MalformedText = "refuse" | "replace";

/** Makes bytes of a message, or throws FIELD_INVALID naming the field that cannot be encoded or the limit that the message exceeds. */
export type Encode<D extends DescMessage> = (message: MessageInitShape<D>) => Buffer;

/** Makes a message of bytes, or throws. */
export type Decode<D extends DescMessage> = (bytes: Buffer) => MessageShape<D>;

export function createEncoder<D extends DescMessage>(
  schema: D,
  options: { readonly maxMessageBytes: number; readonly malformedText: MalformedText },
): Encode<D> {
  const { maxMessageBytes, malformedText } = options;
  return (init) => {
    const message = create(schema, init);
    let encoded: Uint8Array;
    try {
      encoded = toBinary(schema, message);
    } catch (error) {
      throw cannotEncode(schema, error);
    }
    if (encoded.byteLength > maxMessageBytes) {
      throw fieldInvalid({
        field: "",
        description: `is ${encoded.byteLength} bytes as ${schema.typeName}; the limit is ${maxMessageBytes}.`,
      });
    }
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    if (malformedText === "refuse") {
      const field = findMalformedText(schema, message, bytes);
      if (field !== undefined) {
        throw fieldInvalid({ field, description: "holds half of a surrogate pair, which has no UTF-8 form." });
      }
    }
    return bytes;
  };
}

/**
 * `refuse` says what a message that cannot be decoded means: the caller's mistake on a server, the server's on a client. One with more than `maxFields` is not
 * decoded at all, because that could take many times its size of memory.
 */
export function createDecoder<D extends DescMessage>(
  schema: D,
  refuse: (typeName: string, cause: unknown) => CallFailure,
  maxFields = Number.POSITIVE_INFINITY,
): Decode<D> {
  return (bytes) => {
    try {
      if (hasMoreFieldsThan(maxFields, schema, bytes)) throw new Error(`it has more than ${maxFields} fields.`);
      return fromBinary(schema, bytes);
    } catch (error) {
      throw refuse(schema.typeName, error);
    }
  };
}

function cannotEncode(schema: DescMessage, error: unknown): CallFailure {
  const field = isFieldError(error) ? error.field().name : "";
  const detail = error instanceof Error ? error.message : String(error);
  return fieldInvalid({ field, description: `cannot be encoded as ${schema.typeName}: ${detail}` });
}
