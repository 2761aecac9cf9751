import { describeValue, refuseUnknownKeys } from "./check-options.ts";

/** vCPU / GB of memory: micro .25/.25, small-1x .5/.5 (default), small-2x 1/1, medium-1x 1/2, medium-2x 2/4, large-1x 4/8, large-2x 8/16. */
export const machinePresets = [
  "micro",
  "small-1x",
  "small-2x",
  "medium-1x",
  "medium-2x",
  "large-1x",
  "large-2x",
] as const;
export type MachinePresetName = (typeof machinePresets)[number];

/** What a task's process may use. */
export type MachineOption = MachinePresetName | { readonly preset: MachinePresetName };

/** Undefined stays undefined. Throws a TypeError that names the option and the presets. */
export function resolveMachine(option: string, machine: unknown): MachinePresetName | undefined {
  if (machine === undefined) return undefined;
  const isObject = typeof machine === "object" && machine !== null;
  if (isObject) refuseUnknownKeys(option, machine, ["preset"]);
  const preset: unknown = isObject && "preset" in machine ? machine.preset : machine;
  const known = machinePresets.find((name) => name === preset);
  if (known === undefined) {
    throw new TypeError(`${option} must be one of ${machinePresets.join(", ")}, got ${describeValue(preset)}`);
  }
  return known;
}
