import type { Violation } from "@windlass/proto/grpc";
import { quote } from "./quote.ts";

/** The machine presets, smallest first. */
const MACHINES = ["micro", "small-1x", "small-2x", "medium-1x", "medium-2x", "large-1x", "large-2x"] as const;

/** Of a task that names none. */
export const DEFAULT_MACHINE = "small-1x";

/** Checks a machine preset. Null when none is named. */
export function parseMachine(machine: string, field: string, violations: Violation[]): string | null {
  if (machine === "") return null;
  if (!MACHINES.some((preset) => preset === machine)) {
    const presets = MACHINES.map((preset) => `"${preset}"`).join(", ");
    violations.push({ field, description: `must be one of ${presets}; it is ${quote(machine)}.` });
  }
  return machine;
}
