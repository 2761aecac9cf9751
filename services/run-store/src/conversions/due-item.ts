import type { DueItem } from "@windlass/proto";

/** A run whose moment comes in so many milliseconds. */
export function dueRun(environmentId: string, runId: string, dueInMs: number): DueItem {
  return {
    $typeName: "windlass.internal.v1.DueItem",
    dueInMs: BigInt(Math.ceil(dueInMs)),
    item: { case: "run", value: { $typeName: "windlass.internal.v1.DueRun", environmentId, runId } },
  };
}

/** A token that times out in so many milliseconds. */
export function dueToken(environmentId: string, tokenId: string, dueInMs: number): DueItem {
  return {
    $typeName: "windlass.internal.v1.DueItem",
    dueInMs: BigInt(Math.ceil(dueInMs)),
    item: { case: "token", value: { $typeName: "windlass.internal.v1.DueToken", environmentId, tokenId } },
  };
}

/** A supervisor whose lease runs out in so many milliseconds, unless it is renewed. */
export function dueSupervisor(supervisorId: string, dueInMs: number): DueItem {
  return {
    $typeName: "windlass.internal.v1.DueItem",
    dueInMs: BigInt(Math.ceil(dueInMs)),
    item: { case: "supervisor", value: { $typeName: "windlass.internal.v1.DueSupervisor", supervisorId } },
  };
}

/** A schedule that ticks in so many milliseconds. */
export function dueSchedule(environmentId: string, scheduleId: string, dueInMs: number): DueItem {
  return {
    $typeName: "windlass.internal.v1.DueItem",
    dueInMs: BigInt(Math.ceil(dueInMs)),
    item: { case: "schedule", value: { $typeName: "windlass.internal.v1.DueSchedule", environmentId, scheduleId } },
  };
}

/** A run whose time to live is over in so many milliseconds. */
export function dueExpiry(environmentId: string, runId: string, dueInMs: number): DueItem {
  return {
    $typeName: "windlass.internal.v1.DueItem",
    dueInMs: BigInt(Math.ceil(dueInMs)),
    item: { case: "expiry", value: { $typeName: "windlass.internal.v1.DueExpiry", environmentId, runId } },
  };
}
