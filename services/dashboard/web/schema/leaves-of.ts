import type { OutputUnit } from "@cfworker/json-schema";

/** They say that something below them is wrong, which says it better. */
const CONTAINERS = new Set([
  "$ref",
  "$recursiveRef",
  "allOf",
  "if",
  "properties",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "dependentSchemas",
  "items",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
]);

/**
 * Of all that a validation says, in its order, what is worth telling: the innermost errors; and where a value may have several forms, what is wrong with the
 * form that it comes closest to.
 */
export function leavesOf(units: readonly OutputUnit[]): readonly OutputUnit[] {
  const leaves: OutputUnit[] = [];
  for (let index = 0; index < units.length; index += 1) {
    const unit = units[index]!;
    if (unit.keyword === "anyOf" || unit.keyword === "oneOf") {
      const end = endOfForms(units, index);
      leaves.push(...closest(unit, formsOf(unit, units.slice(index + 1, end))));
      index = end - 1;
    } else if (!CONTAINERS.has(unit.keyword)) {
      leaves.push(unit);
    }
  }
  return leaves;
}

/** The errors of all forms follow the error that none fits. What a `false` schema says does not tell where in the schema it is: it belongs to what is before it. */
function endOfForms(units: readonly OutputUnit[], start: number): number {
  const within = `${units[start]!.keywordLocation}/`;
  let end = start + 1;
  while (end < units.length && (units[end]!.keywordLocation.startsWith(within) || isOfFalse(units[end]!))) end += 1;
  return end;
}

function formsOf({ keywordLocation }: OutputUnit, units: readonly OutputUnit[]): readonly (readonly OutputUnit[])[] {
  const forms = new Map<string, OutputUnit[]>();
  let form: OutputUnit[] = [];
  for (const unit of units) {
    if (!isOfFalse(unit)) {
      const name = unit.keywordLocation.slice(keywordLocation.length + 1).split("/")[0] ?? "";
      form = forms.get(name) ?? [];
      forms.set(name, form);
    }
    form.push(unit);
  }
  return [...forms.values()].map(leavesOf);
}

function closest(choice: OutputUnit, forms: readonly (readonly OutputUnit[])[]): readonly OutputUnit[] {
  const at = choice.instanceLocation;
  if (forms.every((form) => form.some((unit) => isOtherValue(unit) && unit.instanceLocation === at))) return [choice];
  const [best] = forms.toSorted((one, other) => distance(one, at) - distance(other, at));
  return best ?? [choice];
}

/** A value of another type is another form altogether; one with another mark in a field of its own, nearly so. */
function distance(form: readonly OutputUnit[], at: string): number {
  return form.reduce((sum, unit) => {
    if (!isOtherValue(unit)) return sum + 1;
    return sum + (unit.instanceLocation === at ? 1_000 : unit.keyword === "type" ? 1 : 30);
  }, 0);
}

function isOtherValue({ keyword }: OutputUnit): boolean {
  return keyword === "type" || keyword === "const" || keyword === "enum";
}

function isOfFalse({ keyword }: OutputUnit): boolean {
  return keyword === "false";
}
