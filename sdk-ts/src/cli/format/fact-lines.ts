import type { Output } from "../output.ts";

/** A line for each fact that there is: its name, then what it is. */
export function factLines(
  facts: readonly (readonly [name: string, value: string | undefined])[],
  style: Output["style"],
): string[] {
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [`${style("dim", name.padEnd(width))}${value}`]));
}

/** A table under a head that is less bright. */
export function headedTable(lines: readonly string[], style: Output["style"]): string[] {
  const [head = "", ...rows] = lines;
  return [style("dim", head), ...rows];
}
