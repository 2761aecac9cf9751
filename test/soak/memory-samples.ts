import { median } from "../bench/stats.ts";

/** Memory under load, sampled while runs end: what it was after a quarter of them, and at the end. */
export interface MemorySamples {
  /** `progress` is the part of the runs that has ended, 0 up to 1. */
  add(service: string, progress: number, megabytes: number): void;
  /** The median while the second and third tenth after the first quarter were under way; undefined without samples. */
  early(service: string): number | undefined;
  /** The median of the last tenth. */
  late(service: string): number | undefined;
}

const EARLY = { from: 0.25, to: 0.4 };
const LATE = { from: 0.85, to: 1 };

export function createMemorySamples(): MemorySamples {
  const samples: { readonly service: string; readonly progress: number; readonly megabytes: number }[] = [];
  const medianOf = (service: string, { from, to }: typeof EARLY): number | undefined => {
    const found = samples.filter((each) => each.service === service && each.progress >= from && each.progress < to);
    return found.length === 0 ? undefined : median(found.map(({ megabytes }) => megabytes));
  };
  return {
    add: (service, progress, megabytes) => void samples.push({ service, progress, megabytes }),
    early: (service) => medianOf(service, EARLY),
    late: (service) => medianOf(service, LATE),
  };
}

/** Whether memory at the end is about what it was: an eighth more and 24 MB are what a garbage collector may leave lying. */
export function isFlat(earlyMb: number, lateMb: number): boolean {
  return lateMb <= earlyMb * 1.125 + 24;
}
