import type { OciRuntimeName } from "./oci-runtime.ts";

/** In what runtimes differ, as far as it concerns who starts them. */
export interface RuntimeTraits {
  /** Whether tasks talk to a kernel of the runtime's own; seccomp and limits of processes are then in there. */
  readonly hasOwnKernel: boolean;
  /** What the runtime takes of a machine's memory for itself. */
  readonly ownMemoryMb: number;
  /** From where it reads a config.json's `cgroupsPath`, with cgroups of version 1. */
  readonly cgroupPathFrom: "own" | "root";
  /** How many processes and threads the machine's kernel sees when a task has as many as it may. */
  cgroupProcesses(maxProcesses: number): number;
}

const onTheMachinesKernel = { hasOwnKernel: false, ownMemoryMb: 0, cgroupProcesses: (max: number) => max };

export const runtimeTraits: Readonly<Record<OciRuntimeName, RuntimeTraits>> = {
  runc: { ...onTheMachinesKernel, cgroupPathFrom: "own" },
  crun: { ...onTheMachinesKernel, cgroupPathFrom: "root" },
  // The sandbox has some 70 threads of its own and up to ten for each guest process; when it gets no more, all of it crashes.
  runsc: { hasOwnKernel: true, ownMemoryMb: 40, cgroupPathFrom: "own", cgroupProcesses: (max) => 256 + 10 * max },
};
