import type { Violation } from "@windlass/proto/grpc";
import { quote } from "./quote.ts";

/** What a text field may hold. Lengths count characters (code points), each of which takes at most four bytes. */
export interface TextRule {
  readonly min: number;
  readonly max: number;
  /** The characters allowed, for fields that list them: a pattern for a whole text of any length, and its name for people. */
  readonly alphabet?: { readonly pattern: RegExp; readonly name: string };
  /** Text that people write: tabs and line breaks are welcome. */
  readonly isMultiline?: boolean;
}

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const CONTROL = /\p{Cc}/u;
const CONTROL_OTHER_THAN_WHITESPACE = /[^\P{Cc}\t\n\r]/u;
const REPLACEMENT_CHARACTER = "\uFFFD";

/** Returns the text, having noted a violation when it breaks the rule. */
export function parseText(text: string, rule: TextRule, field: string, violations: Violation[]): string {
  if (!isText(text, rule)) violations.push({ field, description: describeProblem(text, rule) });
  return text;
}

/**
 * Whether a text keeps the rule. Without an alphabet any character will do but controls (PostgreSQL cannot store NUL, and neither a log nor a terminal should be
 * steered by a task's name) and what is left of broken text: half a surrogate pair, or U+FFFD, which encoders put in its place.
 */
function isText(text: string, rule: TextRule): boolean {
  if (rule.alphabet !== undefined) {
    return text.length >= rule.min && text.length <= rule.max && rule.alphabet.pattern.test(text);
  }
  if (text.length < rule.min || text.length > 2 * rule.max) return false;
  if (text.length <= rule.max && PRINTABLE_ASCII.test(text)) return true;
  return (
    countCharacters(text) <= rule.max &&
    !(rule.isMultiline === true ? CONTROL_OTHER_THAN_WHITESPACE : CONTROL).test(text) &&
    text.isWellFormed() &&
    !text.includes(REPLACEMENT_CHARACTER)
  );
}

function describeProblem(text: string, rule: TextRule): string {
  const range =
    rule.min === rule.max ? `${rule.min}` : rule.min === 0 ? `at most ${rule.max}` : `${rule.min} to ${rule.max}`;
  const characters =
    rule.alphabet === undefined
      ? `characters without ${rule.isMultiline === true ? "control characters other than tabs and line breaks" : "control characters"}`
      : `characters of ${rule.alphabet.name}`;
  const actual = text === "" ? "it is empty" : `it has ${countCharacters(text)}: ${quote(text)}`;
  return `must be ${range} ${characters}; ${actual}.`;
}

function countCharacters(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    if ((text.codePointAt(index) ?? 0) > 0xffff) index += 1;
    count += 1;
  }
  return count;
}
