import { MAX_TAGS } from "../run-limits.ts";

/** unnest would flatten an array of arrays; so each run's tags travel as the text of an array. */
export function arrayLiteral(values: readonly string[]): string {
  if (values.length === 0) return "{}";
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

/** The tags of `runs r` with those of `added`, each once, as far as there is room for them. */
export function tagsWith(added: string): string {
  return `(SELECT array_agg(tag ORDER BY place) FROM (
      SELECT tag, min(place) AS place FROM unnest(r.tags || ${added}) WITH ORDINALITY AS t (tag, place) GROUP BY tag ORDER BY min(place) LIMIT ${MAX_TAGS}
    ) kept)`;
}
