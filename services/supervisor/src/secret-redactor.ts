/** Replaces the values of secrets in what is about to leave a worker's supervisor. */
export interface SecretRedactor {
  /** The text with "[redacted NAME]" in place of each value, also of one that the end of the text cuts off. The same string when there is none. */
  redactText(text: string): string;
  /** The same for a text whose beginning may have been cut off too. */
  redactTail(text: string): string;
  /** The same for the strings and numbers in a JSON text, which stays JSON. "" when that cannot be done. */
  redactJson(json: string): string;
}

/** Shorter values are found in too many innocent texts. */
const minValueChars = 8;
/** Of a line of a value, so that what is printed line by line is found; shorter ones say little and are often common. */
const minLineChars = 16;
/** Set for hashes that may begin a value; so few are set that looking further is rare. */
const filterSize = 1 << 13;

/** What a value looks like in a text. */
interface Needle {
  readonly text: string;
  readonly replacement: string;
}

/**
 * A redactor of these secrets, or undefined when there is nothing that it could find. It goes through a text once, whatever the
 * number of secrets: a rolling hash of eight characters tells where one may begin. Values are found as they are, line by line,
 * escaped as in JSON, and percent-encoded; not in other encodings, nor in pieces.
 */
export function createSecretRedactor(
  secrets: Iterable<readonly [name: string, value: string]>,
): SecretRedactor | undefined {
  const byText = new Map<string, Needle>();
  for (const [name, value] of secrets) {
    for (const text of appearances(value)) {
      if (!byText.has(text)) byText.set(text, { text, replacement: `[redacted ${name}]` });
    }
  }
  if (byText.size === 0) return undefined;
  const needles = new Map<number, Needle[]>();
  const filter = new Uint8Array(filterSize);
  // The longest first: what is part of another value must not leave the rest of that standing.
  for (const needle of Array.from(byText.values()).toSorted((a, b) => b.text.length - a.text.length)) {
    const hash = hashOfStart(needle.text);
    filter[hash & (filterSize - 1)] = 1;
    const same = needles.get(hash);
    if (same === undefined) needles.set(hash, [needle]);
    else same.push(needle);
  }

  function redactText(text: string): string {
    if (text.length < minValueChars) return text;
    let redacted = "";
    let copiedTo = 0;
    let hash = hashOfStart(text);
    for (let at = 0; ;) {
      const found = filter[hash & (filterSize - 1)] === 1 ? longestAt(needles.get(hash), text, at) : undefined;
      if (found === undefined) {
        const next = at + minValueChars;
        if (next >= text.length) break;
        hash = rolled(hash, text.charCodeAt(at), text.charCodeAt(next));
        at += 1;
      } else {
        redacted += text.slice(copiedTo, at) + found.replacement;
        at += found.text.length;
        copiedTo = at;
        if (at + minValueChars > text.length) break;
        hash = hashOfStart(text, at);
      }
    }
    return copiedTo === 0 ? text : redacted + text.slice(copiedTo);
  }

  function redactStart(text: string): string {
    for (const needle of byText.values()) {
      for (let from = 1; from <= needle.text.length - minValueChars; from += 1) {
        if (text.startsWith(needle.text.slice(from))) return needle.replacement + text.slice(needle.text.length - from);
      }
    }
    return text;
  }

  function redactValue(_key: string, value: unknown): unknown {
    if (typeof value === "string") return redactText(value);
    if (typeof value === "number") {
      const text = String(value);
      const redacted = redactText(text);
      return redacted === text ? value : redacted;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    return entries.some(([key]) => redactText(key) !== key)
      ? Object.fromEntries(entries.map(([key, item]) => [redactText(key), item]))
      : value;
  }

  return {
    redactText,
    redactTail: (text) => redactText(redactStart(text)),
    redactJson(json) {
      if (redactText(json) === json) return json;
      try {
        return JSON.stringify(JSON.parse(json, redactValue));
      } catch {
        return ""; // It is no JSON, or nested too deeply: what cannot be read cannot be redacted, and is left out.
      }
    },
  };
}

function appearances(value: string): string[] {
  if (value.length < minValueChars) return [];
  const lines = value.split(/\r?\n/u).map((line) => line.trim());
  const longLines = lines.length === 1 ? [] : lines.filter((line) => line.length >= minLineChars);
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed()), ...longLines];
}

/** The needle that is at this place of the text, or whose rest the text's end cut off. */
function longestAt(candidates: readonly Needle[] | undefined, text: string, at: number): Needle | undefined {
  return (
    candidates?.find((needle) => text.startsWith(needle.text, at)) ??
    candidates?.find((needle) => at + needle.text.length > text.length && isCutOff(needle.text, text.slice(at)))
  );
}

/** "…" is what marks a cut in attributes and fields. */
function isCutOff(needle: string, rest: string): boolean {
  return needle.startsWith(rest.endsWith("…") ? rest.slice(0, -1) : rest);
}

const base = 0x01000193;
const leavingFactor = Array.from({ length: minValueChars - 1 }).reduce<number>((power) => Math.imul(power, base), 1);

/** Of the eight characters from `at` on. */
function hashOfStart(text: string, at = 0): number {
  let hash = 0;
  for (let i = at; i < at + minValueChars; i += 1) hash = (Math.imul(hash, base) + text.charCodeAt(i)) | 0;
  return hash;
}

/** The hash one character further. */
function rolled(hash: number, leaving: number, entering: number): number {
  return (Math.imul(hash - Math.imul(leaving, leavingFactor), base) + entering) | 0;
}
