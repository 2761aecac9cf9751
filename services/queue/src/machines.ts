/** The machine presets, as TaskDefinition.machine has them. The one before them is that of a run whose machine is not known: anybody can have it. */
const MACHINES = ["", "micro", "small-1x", "small-2x", "medium-1x", "medium-2x", "large-1x", "large-2x"];

/** A machine's place in the closed list of them; 0 for one that is not known. */
export type MachineIndex = number;

/** Machines as a set of bits, one for each index: whoever has work in a million runs is asked by one AND. */
export type MachineSet = number;

/** Every machine. */
export const ALL_MACHINES: MachineSet = 2 ** MACHINES.length - 1;

/** The index of a preset; 0 for "" and for one that this release does not know. */
export function machineIndexOf(preset: string): MachineIndex {
  return Math.max(0, MACHINES.indexOf(preset));
}

/** The preset's name; "" when it is not known. */
export function machineNameOf(index: MachineIndex): string {
  return MACHINES[index] ?? "";
}

/** The set of one. */
export function setOf(index: MachineIndex): MachineSet {
  return 1 << index;
}

/** Any of a set that is not empty. */
export function firstOf(machines: MachineSet): MachineIndex {
  return 31 - Math.clz32(machines & -machines);
}

/** The names of a set, smallest first. */
export function machineNames(machines: MachineSet): string[] {
  return MACHINES.filter((name, index) => name !== "" && (machines & setOf(index)) !== 0);
}

/** What somebody offers who names these presets, none for all; runs whose machine is not known are always among it. Undefined when one is no preset. */
export function offerOf(presets: readonly string[]): MachineSet | undefined {
  if (presets.length === 0) return ALL_MACHINES;
  if (presets.some((preset) => machineIndexOf(preset) === 0)) return undefined;
  return presets.reduce((machines, preset) => machines | setOf(machineIndexOf(preset)), setOf(0));
}
