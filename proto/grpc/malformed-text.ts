import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/** How U+FFFD looks in UTF-8: what the encoder writes in place of half a surrogate pair. */
const REPLACEMENT = Buffer.from("\uFFFD");

/**
 * The path of the first string in a message that is not well-formed UTF-16 (half of a surrogate pair), or undefined.
 * Such a string has no UTF-8 form; the encoder replaces the half by U+FFFD without a word. So the encoded bytes are searched first, which
 * costs next to nothing, and only when they contain a U+FFFD is the message walked.
 */
export function findMalformedText(schema: DescMessage, message: Message, encoded: Buffer): string | undefined {
  return encoded.includes(REPLACEMENT) ? inMessage(reflect(schema, message), "") : undefined;
}

function inMessage(message: ReflectMessage, path: string): string | undefined {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const fieldPath = path === "" ? field.name : `${path}.${field.name}`;
    const found = inField(message, field, fieldPath);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inField(message: ReflectMessage, field: ReflectMessage["fields"][number], path: string): string | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return field.scalar === ScalarType.STRING ? inValue(message.get(field), path) : undefined;
    case "message":
      return inMessage(message.get(field), path);
    case "list": {
      let index = 0;
      for (const item of message.get(field)) {
        const found = inValue(item, `${path}[${index}]`);
        if (found !== undefined) return found;
        index += 1;
      }
      return undefined;
    }
    case "map": {
      for (const [key, value] of message.get(field)) {
        const found = inValue(key, path) ?? inValue(value, `${path}[${JSON.stringify(key)}]`);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

function inValue(value: unknown, path: string): string | undefined {
  if (typeof value === "string") return value.isWellFormed() ? undefined : path;
  return isReflectMessage(value) ? inMessage(value, path) : undefined;
}

function isReflectMessage(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "fields" in value && "desc" in value;
}
