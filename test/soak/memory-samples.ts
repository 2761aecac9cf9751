/** Memory under load, sampled while runs end: what it was after a quarter of them, and at the end. */
export interface MemorySamples {
  /** `progress` is the part of the runs that has ended, 0 up to 1. */
  add(service: string, progress: number, megabytes: number): void;
  /** The least after the first quarter of the runs; undefined without samples. */
  early(service: string): number | undefined;
  /** The least in the last third. */
  late(service: string): number | undefined;
}

/**
 * Memory goes up and down with the garbage collector, from one large collection to the next in some thousands of runs: only what is left after one can be compared. So
 * these are long enough for one each.
 */
const EARLY = { from: 0.25, to: 0.6 };
const LATE = { from: 0.65, to: 1 };

export function createMemorySamples(): MemorySamples {
  const samples: { readonly service: string; readonly progress: number; readonly megabytes: number }[] = [];
  const least = (service: string, { from, to }: typeof EARLY): number | undefined => {
    const found = samples.filter((each) => each.service === service && each.progress >= from && each.progress < to);
    return found.length === 0 ? undefined : Math.min(...found.map(({ megabytes }) => megabytes));
  };
  return {
    add: (service, progress, megabytes) => void samples.push({ service, progress, megabytes }),
    early: (service) => least(service, EARLY),
    late: (service) => least(service, LATE),
  };
}

/** Whether the memory at the end is about what it was: a tenth more and 16 MB are less than 4 KB for each of 20,000 runs. */
export function isFlat(earlyMb: number, lateMb: number): boolean {
  return lateMb <= earlyMb * 1.1 + 16;
}
