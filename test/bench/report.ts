/** One line of the table. */
export interface Figure {
  /** The key in `--json`. */
  readonly key: string;
  /** For people. */
  readonly label: string;
  /** What was measured. */
  readonly value: number;
  /** "ms", "runs/s", ... */
  readonly unit: string;
  /** What the project promises; absent when the figure is for information. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
}

function verdict({ value, target }: Figure): string {
  if (!target) return "";
  if ("atMost" in target) return value <= target.atMost ? "yes" : "NO";
  return value >= target.atLeast ? "yes" : "NO";
}

function targetText({ target, unit }: Figure): string {
  if (!target) return "";
  return "atMost" in target ? `<= ${target.atMost} ${unit}` : `>= ${target.atLeast} ${unit}`;
}

/** Rounds to what a reader can use: three significant digits, whole numbers from 100 on. */
export function roundFigure(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Aligned columns. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The table of figures with their targets. */
export function formatFigures(figures: readonly Figure[]): string {
  return formatTable([
    ["figure", "measured", "target", "reached"],
    ...figures.map((figure) => [
      figure.label,
      `${roundFigure(figure.value)} ${figure.unit}`,
      targetText(figure),
      verdict(figure),
    ]),
  ]);
}
