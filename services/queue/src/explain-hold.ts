import type { KeyLine, WaitingRun } from "./lines.ts";
import { type MachineIndex, machineNameOf, machineNames, type MachineSet } from "./machines.ts";
import type { ReadyQueues } from "./ready-queues.ts";

/** Why a run that waits has not begun. */
export interface RunHold {
  readonly reason:
    | "QUEUE_PAUSED"
    | "CONCURRENCY_LIMIT"
    | "ENVIRONMENT_LIMIT"
    | "RATE_LIMIT"
    | "BEHIND_OTHERS"
    | "NO_SUPERVISOR"
    | "NO_MACHINE"
    | "SUPERVISORS_BUSY"
    | "BOUND_SUPERVISOR";
  /** One sentence, for people. */
  readonly message: string;
  /** At most 10 of the runs that hold the slots it needs. */
  readonly runIds: readonly string[];
  /** How long until it ends by itself; undefined when that is not known. */
  readonly endsInMs: number | undefined;
}

/** What there is to know of supervisors. */
export interface SupervisorsView {
  /** How many are connected. */
  readonly size: number;
  /** What all of them offer together. */
  readonly offeredMachines: MachineSet;
  /** How many of them offer a machine. */
  countOffering(machine: MachineIndex): number;
  /** Whether any of those can take a run now. */
  canAnyTake(machine: MachineIndex): boolean;
  /** Whether this one can take a run now. */
  canTake(supervisorId: string): boolean;
}

const MAX_RUN_IDS = 10;

/**
 * Says why a run has not begun; undefined when it does not wait here. What somebody has to change comes first: a pause, a
 * machine that nobody offers. Then what holds back its whole queue, key or environment, then its place in the line.
 */
export function explainHold(
  ready: ReadyQueues,
  runId: string,
  nowMs: number,
  supervisors: SupervisorsView,
): RunHold | undefined {
  const run = ready.find(runId);
  if (run === undefined) return undefined;
  return (
    pauseOf(run) ??
    machineHoldOf(run, supervisors) ??
    limitOf(ready, run, nowMs) ??
    supervisorOf(run, supervisors) ??
    placeOf(ready, run, supervisors)
  );
}

function pauseOf({ line: { queue } }: WaitingRun): RunHold | undefined {
  return queue.isPaused ? hold("QUEUE_PAUSED", `Queue "${queue.queue}" is paused.`) : undefined;
}

/** A resume needs no other machine than the one on which its process is. */
function machineHoldOf({ supervisorId, machineIndex }: WaitingRun, supervisors: SupervisorsView): RunHold | undefined {
  if (supervisorId !== "" || supervisors.size === 0 || supervisors.countOffering(machineIndex) > 0) return undefined;
  const offered = machineNames(supervisors.offeredMachines).join(", ");
  const message = `It needs machine ${machineNameOf(machineIndex)}, and no supervisor offers that. Offered: ${offered}.`;
  return hold("NO_MACHINE", message);
}

function limitOf(ready: ReadyQueues, { line, supervisorId }: WaitingRun, nowMs: number): RunHold | undefined {
  const { queue, concurrencyKey } = line;
  const { environment, rateLimit } = queue;
  const name = concurrencyKey === "" ? `Queue "${queue.queue}"` : `Key "${concurrencyKey}" of queue "${queue.queue}"`;
  if (!line.hasRoom) {
    const message = `${name} executes ${line.running} runs, and its limit is ${queue.concurrencyLimit}.`;
    const isMeant = (other: KeyLine): boolean => other === line;
    return { ...hold("CONCURRENCY_LIMIT", message), runIds: ready.holders(isMeant, MAX_RUN_IDS) };
  }
  if (!environment.hasRoom) {
    const message = `The environment executes ${environment.running} runs, and its limit is ${environment.concurrencyLimit}.`;
    const isMeant = (other: KeyLine): boolean => other.queue.environment === environment;
    return { ...hold("ENVIRONMENT_LIMIT", message), runIds: ready.holders(isMeant, MAX_RUN_IDS) };
  }
  const rate = rateLimit?.isPerKey === true ? line.rate : queue.rate;
  // A resume is no beginning.
  if (rateLimit === undefined || rate === undefined || supervisorId !== "") return undefined;
  const endsInMs = rate.freeAtMs(rateLimit) - nowMs;
  if (endsInMs <= 0) return undefined;
  const message = `${name} begins at most ${rateLimit.limit} runs in ${rateLimit.periodMs / 1_000} s; the next may go in ${Math.ceil(endsInMs)} ms.`;
  return { ...hold("RATE_LIMIT", message), endsInMs };
}

function supervisorOf({ supervisorId }: WaitingRun, supervisors: SupervisorsView): RunHold | undefined {
  if (supervisorId !== "") {
    if (supervisors.canTake(supervisorId)) return undefined;
    return hold("BOUND_SUPERVISOR", `Supervisor ${supervisorId}, which has its suspended process, is away or busy.`);
  }
  return supervisors.size === 0 ? hold("NO_SUPERVISOR", "No supervisor is connected.") : undefined;
}

function placeOf(ready: ReadyQueues, run: WaitingRun, supervisors: SupervisorsView): RunHold {
  const before = ready.countBefore(run, supervisors.offeredMachines);
  const ahead = before === 0 ? "It is the next of its line." : `${before} runs of its line go before it.`;
  if (run.supervisorId === "" && !supervisors.canAnyTake(run.machineIndex)) {
    const count = supervisors.countOffering(run.machineIndex);
    const which = count === supervisors.size ? "" : ` that offer machine ${machineNameOf(run.machineIndex)}`;
    return hold("SUPERVISORS_BUSY", `All ${count} supervisors${which} are busy. ${ahead}`);
  }
  return hold("BEHIND_OTHERS", `Others go first, and it goes when its turn comes. ${ahead}`);
}

function hold(reason: RunHold["reason"], message: string): RunHold {
  return { reason, message, runIds: [], endsInMs: undefined };
}
