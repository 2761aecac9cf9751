/** What a worker process may use: a preset's name, its share of processors and its memory. */
export interface Machine {
  readonly preset: string;
  readonly cpu: number;
  readonly memoryMb: number;
}

const presets = {
  micro: { preset: "micro", cpu: 0.25, memoryMb: 256 },
  "small-1x": { preset: "small-1x", cpu: 0.5, memoryMb: 512 },
  "small-2x": { preset: "small-2x", cpu: 1, memoryMb: 1_024 },
  "medium-1x": { preset: "medium-1x", cpu: 1, memoryMb: 2_048 },
  "medium-2x": { preset: "medium-2x", cpu: 2, memoryMb: 4_096 },
  "large-1x": { preset: "large-1x", cpu: 4, memoryMb: 8_192 },
  "large-2x": { preset: "large-2x", cpu: 8, memoryMb: 16_384 },
} as const satisfies Record<string, Machine>;

/** The machine of tasks that ask for none. */
export const defaultMachine: Machine = presets["small-1x"];

/** The names of all presets, smallest first. */
export const machinePresets: readonly string[] = Object.keys(presets);

/** What all attempts of a supervisor may use together. Undefined: it is not counted. */
export interface Capacity {
  readonly cpu: number | undefined;
  readonly memoryMb: number | undefined;
}

/**
 * The machines that a supervisor of this capacity offers, smallest first: those it is told to, else all that fit.
 * Throws when one that it is told to offer does not fit, and when none does.
 */
export function offeredMachines(
  named: readonly string[] | undefined,
  capacity: Capacity,
): readonly [Machine, ...Machine[]] {
  const fits = ({ cpu, memoryMb }: Machine) =>
    cpu <= (capacity.cpu ?? Infinity) && memoryMb <= (capacity.memoryMb ?? Infinity);
  const [smallest, ...others] = Object.values(presets).filter(
    (machine) => (named?.includes(machine.preset) ?? true) && fits(machine),
  );
  const tooLarge = named?.filter((name) => ![smallest, ...others].some((machine) => machine?.preset === name)) ?? [];
  if (smallest === undefined || tooLarge.length > 0) {
    throw new Error(`its capacity is too small for ${tooLarge.length > 0 ? tooLarge.join(", ") : "any machine"}`);
  }
  return [smallest, ...others];
}

/** The machine of a preset's name, the default one for ""; undefined when there is none of that name. */
export function machineOf(preset: string): Machine | undefined {
  if (preset === "") return defaultMachine;
  return Object.hasOwn(presets, preset) ? presets[preset as keyof typeof presets] : undefined;
}

/** What a bare Node.js with our runtime takes beside its old space. */
const runtimeMb = 96;

/**
 * How large V8's old space may grow on a machine. A fifth of the memory, and no less than the runtime itself needs, is left
 * to what is not JavaScript heap: buffers, compiled code, stacks.
 */
export function heapLimitMb({ memoryMb }: Machine): number {
  return Math.floor(memoryMb - Math.max(memoryMb * 0.2, runtimeMb));
}
