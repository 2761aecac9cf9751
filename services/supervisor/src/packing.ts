import type { Capacity, Machine } from "./driver/machine.ts";

/** Leases that wait for an attempt on one machine. */
export interface RoomDemand {
  readonly machine: Machine;
  readonly oldestWaitMs: number;
}

/** A part of the capacity. */
type Share = Pick<Machine, "cpu" | "memoryMb">;

/** How long a lease lacks room before nothing smaller may take what becomes free. */
const reserveAfterMs = 100;
/** Room stays reserved for so long after the last lease that wanted it was given back: it may have come from here and come again. */
const reservationLapseMs = 2_000;
/** Weight of the newest attempt in the typical machine: the last dozen decide. */
const newestWeight = 1 / 12;

/**
 * Packs attempts into a capacity. One that executes has the vCPU and the memory of its machine; one that waits has no vCPU,
 * and the memory that its stopped process really keeps. While nothing executes anything may begin: what waits could
 * otherwise hold all the memory that those need it waits for. Idle processes are not counted.
 *
 * A machine that lacks room for a while, and that smaller ones could pass, gets it reserved: until an attempt on it has
 * begun, others begin only beside it.
 */
export interface Packing<Holder> {
  /** False: there is room for everything. */
  readonly isLimited: boolean;
  /** Whether an attempt on this machine may begin. */
  hasRoom(machine: Machine): boolean;
  /** Whether an attempt that waits may go on. */
  canContinue(holder: Holder, machine: Machine): boolean;
  begin(holder: Holder, machine: Machine): void;
  /** It waits, and keeps so much memory. */
  pause(holder: Holder, memoryMb: number): void;
  /** It is over. */
  end(holder: Holder): void;
  /** Reserves room for the longest waiting that has lacked it for a while. */
  reserve(demands: readonly RoomDemand[], nowMs: number): void;
  /** The preset that room is reserved for. */
  readonly reservedPreset: string | undefined;
  /** How many more attempts there is room for, when they are as large as the last ones were; at most `limit`. */
  roomFor(limit: number): number;
  /** How many attempts on this machine there can be at once; at most `limit`. */
  mostAtOnce(machine: Machine, limit: number): number;
}

const nothing: Share = { cpu: 0, memoryMb: 0 };

/** @param smallest the smallest machine that is offered. */
export function createPacking<Holder>(capacity: Capacity, smallest: Machine): Packing<Holder> {
  const isLimited = capacity.cpu !== undefined || capacity.memoryMb !== undefined;
  const cpu = capacity.cpu ?? Infinity;
  const memoryMb = capacity.memoryMb ?? Infinity;
  const shares = new Map<Holder, { share: Share; executes: boolean }>();
  let used: Share = nothing;
  let executing = 0;
  let typical: Share | undefined;
  let reservation: { machine: Machine; wantedMs: number } | undefined;

  const isWithin = (share: Share) => share.cpu <= cpu && share.memoryMb <= memoryMb;
  const fits = (machine: Share) => executing === 0 || isWithin(sum(used, machine));
  /** Whether smaller ones can begin before it for ever: one has room now, or will have when one of those that execute ends. */
  function canBePassed(machine: Share): boolean {
    if (fits(smallest)) return true;
    for (const { share, executes } of shares.values()) {
      if (executes && !isWithin(sum(difference(used, share), machine))) return true;
    }
    return false;
  }
  const timesIn = (free: Share, machine: Share) =>
    Math.floor(Math.min(free.cpu / machine.cpu, free.memoryMb / machine.memoryMb));

  function take(holder: Holder, share: Share, executes: boolean): void {
    end(holder);
    shares.set(holder, { share, executes });
    used = sum(used, share);
    if (executes) executing += 1;
  }

  function end(holder: Holder): void {
    const held = shares.get(holder);
    if (held === undefined) return;
    shares.delete(holder);
    used = difference(used, held.share);
    if (held.executes) executing -= 1;
  }

  return {
    isLimited,
    hasRoom(machine) {
      if (!isLimited) return true;
      if (reservation === undefined || reservation.machine.preset === machine.preset) return fits(machine);
      return isWithin(sum(sum(used, machine), reservation.machine));
    },
    canContinue(holder, machine) {
      const held = shares.get(holder)?.share ?? nothing;
      return !isLimited || executing === 0 || isWithin(sum(difference(used, held), machine));
    },
    begin(holder, machine) {
      if (!isLimited) return;
      take(holder, machine, true);
      typical = typical === undefined ? machine : blend(typical, machine);
      if (reservation?.machine.preset === machine.preset) reservation = undefined;
    },
    pause(holder, keptMb) {
      if (isLimited) take(holder, { cpu: 0, memoryMb: keptMb }, false);
    },
    end,
    reserve(demands, nowMs) {
      if (!isLimited) return;
      if (reservation !== undefined) {
        const { preset } = reservation.machine;
        if (demands.some(({ machine }) => machine.preset === preset)) reservation.wantedMs = nowMs;
        else if (nowMs - reservation.wantedMs >= reservationLapseMs) reservation = undefined;
      }
      if (reservation !== undefined) return;
      let longest: RoomDemand | undefined;
      for (const demand of demands) {
        if (demand.oldestWaitMs < reserveAfterMs || fits(demand.machine)) continue;
        if (longest === undefined || demand.oldestWaitMs > longest.oldestWaitMs) longest = demand;
      }
      if (longest !== undefined && canBePassed(longest.machine))
        reservation = { machine: longest.machine, wantedMs: nowMs };
    },
    get reservedPreset() {
      return reservation?.machine.preset;
    },
    roomFor(limit) {
      if (!isLimited) return limit;
      const more = timesIn(difference({ cpu, memoryMb }, used), typical ?? smallest);
      const isOneMore = reservation !== undefined || fits(smallest);
      return Math.min(limit, Math.max(isOneMore ? 1 : 0, more));
    },
    mostAtOnce: (machine, limit) => Math.max(1, Math.min(limit, timesIn({ cpu, memoryMb }, machine))),
  };
}

function sum(left: Share, right: Share): Share {
  return { cpu: left.cpu + right.cpu, memoryMb: left.memoryMb + right.memoryMb };
}

function difference(left: Share, right: Share): Share {
  return { cpu: left.cpu - right.cpu, memoryMb: left.memoryMb - right.memoryMb };
}

function blend(mean: Share, newest: Share): Share {
  return {
    cpu: mean.cpu + (newest.cpu - mean.cpu) * newestWeight,
    memoryMb: mean.memoryMb + (newest.memoryMb - mean.memoryMb) * newestWeight,
  };
}
