/**
 * Writes whatever it is given as JSON of a bounded size: fields of errors, attributes of logs. What JSON cannot carry
 * is described in words instead: "[Circular]", "[Function: name]", "123n". What throws when it is read is left out.
 * Never throws.
 */
export function safeJson(value: unknown, maxBytes: number): string {
  // Cutting finished JSON would break it, so the copy is made smaller until it fits.
  for (let budget = maxBytes; budget >= 16; budget = Math.floor(budget / 4)) {
    const json = JSON.stringify(copyWithin(value, budget));
    if (json !== undefined && Buffer.byteLength(json) <= maxBytes) return json;
  }
  return "";
}

const MAX_DEPTH = 6;

/** Copies plain data out of `value`; strings and keys together stay below `budget` characters. */
function copyWithin(root: unknown, budget: number): unknown {
  let left = budget;
  const ancestors = new Set<object>();
  return copy(root);

  function copy(value: unknown): unknown {
    left -= 4;
    switch (typeof value) {
      case "string":
        return take(value);
      case "bigint":
        return `${take(value.toString())}n`;
      case "symbol":
        return take(String(value));
      case "function":
        return take(`[Function: ${value.name}]`);
      case "object":
        return value === null ? null : copyObject(value);
      default:
        return value;
    }
  }

  function copyObject(value: object): unknown {
    if (ancestors.has(value)) return "[Circular]";
    if (ancestors.size >= MAX_DEPTH) return Array.isArray(value) ? "[Array]" : "[Object]";
    ancestors.add(value);
    try {
      return copyContents(value);
    } catch {
      return "[Unreadable]";
    } finally {
      ancestors.delete(value);
    }
  }

  function copyContents(value: object): unknown {
    if (value instanceof Error) return { name: copy(value.name), message: copy(value.message), ...copyFields(value) };
    if (value instanceof Map) return copyItems(value.entries());
    if (value instanceof Set) return copyItems(value.values());
    if (ArrayBuffer.isView(value)) return `[${value.constructor.name}: ${value.byteLength} bytes]`;
    if ("toJSON" in value && typeof value.toJSON === "function")
      return copy((value as { toJSON: () => unknown }).toJSON());
    return Array.isArray(value) ? copyItems(value) : copyFields(value);
  }

  function copyItems(items: Iterable<unknown>): unknown[] {
    const copies: unknown[] = [];
    for (const item of items) {
      if (left <= 0) break;
      copies.push(copy(item));
    }
    return copies;
  }

  function copyFields(value: object): Record<string, unknown> {
    const copies: Record<string, unknown> = Object.create(null) as Record<string, unknown>; // A field may be called __proto__.
    for (const key of Object.keys(value)) {
      if (left <= 0) break;
      try {
        copies[take(key)] = copy((value as Record<string, unknown>)[key]);
      } catch {
        // A getter threw: this field is left out.
      }
    }
    return copies;
  }

  function take(text: string): string {
    const taken = text.length <= left ? text : `${text.slice(0, Math.max(left, 0))}…`;
    left -= taken.length;
    return taken;
  }
}
