import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";

/** A stretch of time as it lies between the left and the right edge of a drawing. */
export interface TimeScale {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A bar in hundredths of the drawing's width. */
export interface BarPlace {
  readonly left: number;
  readonly width: number;
}

const steps = [1, 2, 5, 10, 15, 30, 60] as const;
const units = [
  { ms: 0.001, steps: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
  { ms: 1, steps: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
  { ms: 1_000, steps },
  { ms: 60_000, steps },
  { ms: 3_600_000, steps: [1, 2, 3, 6, 12] },
  { ms: 86_400_000, steps: [1, 2, 7, 14, 30, 90, 365] },
] as const;

/** Milliseconds with the fraction that a moment or a duration has: what lies within one millisecond keeps its order. */
export function exactMs(time: Timestamp | Duration): number {
  return Number(time.seconds) * 1_000 + time.nanos / 1_000_000;
}

/** Where a stretch lies; what reaches over an edge is cut there. */
export function placeBar({ fromMs, toMs }: TimeScale, startMs: number, endMs: number): BarPlace {
  const span = Math.max(toMs - fromMs, 0.001);
  const left = clamp(((startMs - fromMs) / span) * 100);
  return { left, width: clamp(((endMs - fromMs) / span) * 100) - left };
}

/** How far apart the lines of a drawing are that has at most `maxLines`: the least round time that fits. */
export function tickStepMs({ fromMs, toMs }: TimeScale, maxLines: number): number {
  const least = Math.max(toMs - fromMs, 0.001) / maxLines;
  const fitting = units.flatMap(({ ms, steps: ofUnit }) => ofUnit.map((step) => step * ms)).find((ms) => ms >= least);
  return fitting ?? Math.ceil(least / 31_536_000_000) * 31_536_000_000;
}

/** The times of the lines, from the left edge on. */
export function ticksMs(scale: TimeScale, stepMs: number): readonly number[] {
  const count = Math.floor((scale.toMs - scale.fromMs) / stepMs + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * stepMs);
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
