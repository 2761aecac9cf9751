import { type CallError, ErrorReason, type Lease, LeaseService } from "@windlass/proto";
import { callFailureFromError, createPushStream, type PushStream } from "@windlass/proto/grpc";
import { callError, startPeer } from "./start-peer.ts";

/** A queue's LeaseService over real gRPC: pushes what a test offers, as long as there are credits. */
export async function startFakeQueue() {
  const waiting: Lease[] = [];
  const grants: { supervisorId: string; credits: number }[] = [];
  let machines: readonly string[] = [];
  let credits = 0;
  let supervisorId = "";
  let stream: PushStream<{ leases: Lease[] }> | undefined;

  function pushWhatMayGo(): void {
    const leases = waiting.splice(0, credits);
    if (stream === undefined || leases.length === 0) return;
    credits -= leases.length;
    stream.push({ leases });
  }

  const peer = await startPeer(LeaseService, {
    leaseRuns(requests) {
      const opened = createPushStream<{ leases: Lease[] }>(1_000);
      stream = opened;
      credits = 0;
      void listen();
      return opened;

      async function listen(): Promise<void> {
        try {
          for await (const request of requests) {
            if (request.supervisorId !== "") ({ supervisorId, machines } = request);
            grants.push({ supervisorId, credits: request.credits });
            credits += request.credits;
            pushWhatMayGo();
          }
        } catch {
          // The supervisor opens the stream again.
        } finally {
          opened.end();
          if (stream === opened) stream = undefined;
        }
      }
    },
  });

  return {
    ...peer,
    grants,
    /** Credits that are granted and not used. */
    credits: () => credits,
    supervisorId: () => supervisorId,
    /** What the supervisor said that it offers. */
    machines: () => machines,
    isOpen: () => stream !== undefined,
    offer(...leases: Lease[]): void {
      waiting.push(...leases);
      pushWhatMayGo();
    },
    /** Pushes whatever the credits say. */
    force(...leases: Lease[]): void {
      stream?.push({ leases });
    },
    cut(error: CallError = callError(ErrorReason.NOT_READY)): void {
      stream?.end(callFailureFromError(error));
      stream = undefined;
      credits = 0;
    },
  };
}
