import type { SeriesLook } from "./chart-series.ts";

const TILE_PX = 8;

/** What `var(token)` is on the page just now, in its theme. */
export function colorOf(token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** A filling that can be told without its colour, and lets nothing under it through. */
export function fillingOf(context: CanvasRenderingContext2D, color: string, look: SeriesLook): CanvasPattern | string {
  if (look === "solid") return color;
  const tile = document.createElement("canvas");
  const size = Math.round(TILE_PX * devicePixelRatio);
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (pen === null) return color;
  pen.fillStyle = colorOf("--surface");
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = color;
  pen.strokeStyle = color;
  pen.lineWidth = size / 4;
  pen.beginPath();
  if (look === "dotted") {
    pen.arc(size / 2, size / 2, size / 5, 0, Math.PI * 2);
    pen.fill();
  } else {
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift - size / 2, size * 1.5);
      pen.lineTo(shift + size * 1.5, -size / 2);
    }
    pen.stroke();
  }
  return context.createPattern(tile, "repeat") ?? color;
}
