import type { Variable } from "./variable.ts";

/** The table that `--help` prints: one row per variable. */
export function helpText(service: string, variables: Record<string, Variable>): string {
  const rows = Object.entries(variables).map(([name, variable]) => [
    name,
    defaultOf(variable),
    variable.doc.unit ?? "",
    variable.doc.description,
  ]);
  return [`${service} is configured by environment variables.`, "", ...alignColumns([header, ...rows])].join("\n");
}

const header = ["NAME", "DEFAULT", "UNIT", "DESCRIPTION"];

function defaultOf({ schema, doc }: Variable): string {
  const unset = schema.safeParse(undefined);
  if (!unset.success) return "(required)";
  if (unset.data === undefined) return "(unset)";
  if (doc.secret === true) return "(secret)";
  return typeof unset.data === "string" ? unset.data : JSON.stringify(unset.data);
}

function alignColumns(rows: string[][]): string[] {
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
