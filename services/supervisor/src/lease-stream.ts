import type { Clock, Logger } from "@windlass/chassis";
import { ErrorReason, type Lease, type LeaseService } from "@windlass/proto";
import { backoffMs, CallFailure, type Client } from "@windlass/proto/grpc";
import { creditsToGrant } from "./credit-policy.ts";
import { machineOf } from "./driver/machine.ts";
import type { Capacity } from "./executor.ts";

/** The open stream over which one queue service pushes leases against our credits. */
export interface LeaseStream {
  /** Whether the queue service has accepted the stream. */
  readonly isConnected: boolean;
  /** Opens the stream for this supervisor, and opens it again whenever it breaks. */
  open(supervisorId: string): void;
  /** Grants its share of what has become free since. */
  update(): void;
  /** Ends the stream; leases on their way are lost to us, and the heartbeat repairs that. */
  close(): Promise<void>;
  /** Says that no credit follows, and resolves when the queue has pushed what was under way, or after `limitMs`. */
  finish(limitMs: number): Promise<void>;
}

/** Most that the queue lets be unused. */
const maxCredits = 10_000;

export interface LeaseStreamOptions {
  client: Pick<Client<typeof LeaseService>, "leaseRuns">;
  capacity: () => Capacity;
  /** Over how many streams the credits are split at this moment, this one included. */
  streams: () => number;
  /** The machine presets that this supervisor offers. */
  machines: readonly string[];
  onLeases: (leases: readonly Lease[]) => void;
  /** A lease of a machine that is not offered: the run's task had a new version between its being told and its claim. */
  onUnoffered: (lease: Lease) => void;
  onState: () => void;
  /** The queue was told that this supervisor's membership has expired. */
  onExpired: () => void;
  clock: Clock;
  logger: Logger;
}

export function createLeaseStream(options: LeaseStreamOptions): LeaseStream {
  const { client, capacity, streams, machines, onLeases, onUnoffered, onState, onExpired, clock, logger } = options;
  let closing: AbortController | undefined;
  let running: Promise<void> = Promise.resolve();
  let call: ReturnType<typeof client.leaseRuns> | undefined;
  let isConnected = false;
  let isFinishing = false;
  /** Credits that the queue has and has not used. They end with the stream. */
  let granted = 0;
  let failures = 0;

  function setConnected(value: boolean): void {
    if (value === isConnected) return;
    isConnected = value;
    onState();
  }

  function nextGrant(): number {
    return Math.min(maxCredits - granted, creditsToGrant({ ...capacity(), granted, streams: streams() }));
  }

  async function run(supervisorId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const failure = await converse(supervisorId, signal);
      call = undefined;
      granted = 0;
      setConnected(false);
      if (signal.aborted || isFinishing) return;
      logger.warn("the lease stream broke", { supervisorId, reason: failure?.message ?? "the queue ended it" });
      if (failure?.reason === ErrorReason.SUPERVISOR_EXPIRED) onExpired();
      failures += 1;
      await clock.sleep(backoffMs(failures), signal).catch(() => {
        // Closed meanwhile: the loop ends.
      });
    }
  }

  /** A suspended process goes on where it is; what is no preset at all ends its run, which others see to. */
  function isOffered(lease: Lease): boolean {
    const preset = machineOf(lease.machine)?.preset;
    if (lease.resumeWaitId !== "" || preset === undefined || machines.includes(preset)) return true;
    onUnoffered(lease);
    return false;
  }

  /** One stream from open to break. */
  async function converse(supervisorId: string, signal: AbortSignal): Promise<CallFailure | undefined> {
    try {
      const opened = client.leaseRuns({ signal });
      call = opened;
      granted = nextGrant();
      opened.send({ supervisorId, credits: granted, machines: [...machines] });
      opened.responses.opened.then(
        () => {
          failures = 0;
          if (call === opened) setConnected(true);
        },
        () => {
          // The responses fail with the same.
        },
      );
      for await (const { leases } of opened.responses) {
        granted = Math.max(0, granted - leases.length);
        onLeases(leases.filter(isOffered));
      }
      return undefined;
    } catch (error) {
      if (error instanceof CallFailure) return error;
      throw error;
    }
  }

  return {
    get isConnected() {
      return isConnected;
    },
    open(supervisorId) {
      if (closing !== undefined || isFinishing) return;
      const { signal } = (closing = new AbortController());
      running = running.then(() => run(supervisorId, signal));
    },
    update() {
      if (call === undefined || isFinishing) return;
      const credits = nextGrant();
      if (credits === 0) return;
      granted += credits;
      call.send({ credits });
    },
    async close() {
      closing?.abort();
      closing = undefined;
      await running;
    },
    async finish(limitMs) {
      isFinishing = true;
      call?.end();
      const limit = clock.setTimeout(() => closing?.abort(), limitMs);
      await running;
      limit.cancel();
    },
  };
}
