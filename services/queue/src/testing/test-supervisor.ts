import { type Lease, LeaseService } from "@windlass/proto";
import { CallFailure, createChannel, createClient } from "@windlass/proto/grpc";
import { internalToken } from "./parts.ts";

/** A supervisor's side of LeaseRuns, driven by a test. */
export interface TestSupervisor extends Disposable {
  /** The runs leased to it, in the order in which they came. */
  readonly runIds: readonly string[];
  readonly leases: readonly Lease[];
  /** How the stream ended: undefined for a clean end. */
  readonly ended: Promise<CallFailure | undefined>;
  /** Grants more. */
  grant(credits: number): void;
  /** Wants no more, and lets the queue end the stream. */
  finish(): void;
  /** Vanishes. */
  cancel(): void;
}

/** Opens a stream to the queue, as a supervisor that offers these machines (none said: all), and reads it at once unless `isReading` is false. */
export function connectSupervisor(
  address: string,
  supervisorId: string,
  credits: number,
  machines: readonly string[] = [],
): TestSupervisor {
  const channel = createChannel(address, { token: internalToken });
  const call = createClient(LeaseService, channel).leaseRuns();
  const leases: Lease[] = [];
  const read = async (): Promise<CallFailure | undefined> => {
    try {
      for await (const message of call.responses) leases.push(...message.leases);
      return undefined;
    } catch (error) {
      if (error instanceof CallFailure) return error;
      throw error;
    }
  };
  call.send({ supervisorId, credits, machines: [...machines] });
  return {
    leases,
    get runIds() {
      return leases.map(({ ref }) => ref?.runId ?? "");
    },
    ended: read(),
    grant: (more) => void call.send({ credits: more }),
    finish: () => call.end(),
    cancel: () => call.cancel(),
    [Symbol.dispose]: () => {
      call.cancel();
      channel.close();
    },
  };
}
