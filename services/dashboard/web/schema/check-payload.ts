import { type OutputUnit, type Schema, type SchemaDraft, Validator } from "@cfworker/json-schema";
import { leavesOf } from "./leaves-of.ts";
import type { PayloadProblem } from "./payload-problem.ts";
import type { PayloadSchema } from "./payload-schema.ts";

/** What a schema says of a value. */
export type PayloadCheck =
  | { readonly problems: readonly PayloadProblem[] }
  /** The schema itself cannot be used: a reference that leads nowhere, a pattern that is none. */
  | { readonly schemaProblem: string };

/** Nobody mends more at once. */
const MAX_PROBLEMS = 50;

/** What checks JSON values by a schema. It never throws. */
export type PayloadChecker = (value: unknown) => PayloadCheck;

/** Makes ready to check many values; nothing is compiled, so that the Content-Security-Policy holds. */
export function createPayloadChecker(schema: PayloadSchema): PayloadChecker {
  let validator: Validator | undefined;
  return (value) => {
    try {
      // The validator marks the schema that it is given.
      validator ??= new Validator(structuredClone(schema) as Schema, draftOf(schema), false);
      const leaves = leavesOf(validator.validate(value).errors).filter(isToldOnce).slice(0, MAX_PROBLEMS);
      return { problems: leaves.map((unit) => problemOf(unit, value)) };
    } catch (error) {
      return { schemaProblem: (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "" };
    }
  };
}

/** Of a text that has neither the format nor the pattern, which some libraries put beside it, the format says enough. */
function isToldOnce({ keyword, instanceLocation: at }: OutputUnit, _: number, all: readonly OutputUnit[]): boolean {
  return keyword !== "pattern" || !all.some((other) => other.keyword === "format" && other.instanceLocation === at);
}

function draftOf({ $schema }: PayloadSchema): SchemaDraft {
  if (typeof $schema !== "string") return "2020-12";
  if ($schema.includes("draft-04")) return "4";
  if ($schema.includes("draft-07") || $schema.includes("draft-06")) return "7";
  return $schema.includes("2019-09") ? "2019-09" : "2020-12";
}

function problemOf(unit: OutputUnit, value: unknown): PayloadProblem {
  const path = pathOf(unit.instanceLocation, value);
  const missing = unit.keyword === "required" ? /required property "(.*)"\.$/su.exec(unit.error)?.[1] : undefined;
  return missing === undefined
    ? { path, message: messageOf(unit) }
    : { path: [...path, missing], message: "is missing" };
}

/** The library's sentence, to follow a path. */
function messageOf({ keyword, error }: OutputUnit): string {
  if (keyword === "false") return "is not a field that the schema knows";
  if (keyword === "pattern") return "does not match the pattern of the schema";
  if (keyword === "anyOf") return "has none of the forms that the schema allows";
  if (keyword === "oneOf") return "has none of the forms that the schema allows, or several at once";
  const type = keyword === "type" ? /^Instance type "(.*)" is invalid\. Expected (.*)\.$/su.exec(error) : null;
  if (type !== null) return `must be ${type[2]?.replaceAll('"', "").replaceAll(", ", " or ")}, and is ${type[1]}`;
  return error
    .replace(/^Instance does not match any of \[(.*)\]\.$/su, "must be one of $1")
    .replace(/^Instance does not match (.*)\.$/su, keyword === "const" ? "must be $1" : "does not match $1")
    .replace(/^(?:Instance|String|Array|Object|-?[\d.e+-]+) /u, "")
    .replace(/\.$/u, "");
}

/** A JSON pointer as a path: what is a place and what is a name, the value tells. */
function pathOf(pointer: string, value: unknown): PayloadProblem["path"] {
  let within = value;
  return pointer
    .split("/")
    .slice(1)
    .map((encoded) => {
      const key = decodeURIComponent(encoded).replaceAll("~1", "/").replaceAll("~0", "~");
      const part = Array.isArray(within) ? Number(key) : key;
      within = typeof within === "object" && within !== null ? (within as Record<string, unknown>)[key] : undefined;
      return part;
    });
}
