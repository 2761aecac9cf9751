import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** What length-delimited fields of a message hold, by number: another message's fields, or a packed list of numbers. */
type Fields = ReadonlyMap<number, (() => Fields) | "packed">;

const known = new WeakMap<DescMessage, Fields>();
/** No message of ours is nested deeper than ten times. */
const maxDepth = 64;

/**
 * Whether an encoded message has more fields than this, at all depths together, looked at without decoding: two bytes can
 * make an object of a hundred, so the size of a message does not say what decoding it would cost. What is malformed is left to
 * the decoder. A message that is nested absurdly deep is said to have more.
 */
export function hasMoreFieldsThan(limit: number, schema: DescMessage, bytes: Uint8Array): boolean {
  // The shortest field is one byte.
  if (bytes.byteLength <= limit) return false;
  return new FieldCounter(bytes, limit).isExceededBy(fieldsOf(schema), bytes.byteLength, 0);
}

class FieldCounter {
  readonly #bytes: Uint8Array;
  #left: number;
  #at = 0;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#left = limit;
  }

  isExceededBy(fields: Fields, end: number, depth: number): boolean {
    if (depth > maxDepth) return true;
    while (this.#at < end) {
      this.#left -= 1;
      const tag = this.#readVarint();
      if (tag === undefined) return this.#left < 0;
      switch (tag & 7) {
        case 0:
          this.#readVarint();
          break;
        case 1:
          this.#at += 8;
          break;
        case 2:
          if (this.#isExceededByValue(fields.get(tag >>> 3), end, depth)) return true;
          break;
        case 5:
          this.#at += 4;
          break;
        // The begin or the end of a group, which has no length of its own: what is in it counts as if it stood here.
        default:
      }
      if (this.#left < 0) return true;
    }
    return false;
  }

  #isExceededByValue(held: (() => Fields) | "packed" | undefined, end: number, depth: number): boolean {
    const length = this.#readVarint() ?? 0;
    const valueEnd = Math.min(end, this.#at + length);
    if (held === "packed") this.#left -= length;
    else if (held !== undefined && this.isExceededBy(held(), valueEnd, depth + 1)) return true;
    this.#at = valueEnd;
    return false;
  }

  /** Of at most ten bytes, the lower 32 bits as an unsigned number; undefined at the end of the bytes. */
  #readVarint(): number | undefined {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return undefined;
      this.#at += 1;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }
}

function fieldsOf(schema: DescMessage): Fields {
  let fields = known.get(schema);
  if (fields === undefined) {
    fields = new Map(
      schema.fields.flatMap((field) => {
        const held = heldBy(field);
        return held === undefined ? [] : [[field.number, held] as const];
      }),
    );
    known.set(schema, fields);
  }
  return fields;
}

function heldBy(field: DescField): (() => Fields) | "packed" | undefined {
  switch (field.fieldKind) {
    case "message":
      return () => fieldsOf(field.message);
    case "list":
      if (field.listKind === "message") return () => fieldsOf(field.message);
      return field.packed ? "packed" : undefined;
    case "map": {
      // An entry is a message of key 1 and value 2.
      const entry: Fields = field.mapKind === "message" ? new Map([[2, () => fieldsOf(field.message)]]) : noFields;
      return () => entry;
    }
    default:
      return undefined;
  }
}

const noFields: Fields = new Map();
