import { randomUUID } from "node:crypto";
import {
  ExecutionService,
  LeaseService,
  type Lease,
  type ReportExecutionRequest,
  ReportExecutionRequestSchema,
  type ReportExecutionResponse,
  LeaseRunsRequestSchema,
} from "@windlass/proto";
import { createChannel, createClient, createCorrelatedStream } from "@windlass/proto/grpc";
import { create } from "@bufbuild/protobuf";

/** A supervisor without workers: takes leases one at a time, to measure the queue and the claim alone. */
export interface ProbeSupervisor {
  /** Grants one credit and waits for the lease; gives the lease and the milliseconds it took. */
  take(): Promise<{ lease: Lease; ms: number }>;
  /** Gives leases back unstarted. */
  release(leases: readonly Lease[]): Promise<void>;
  /** Leaves the cluster. */
  close(): Promise<void>;
}

/** Registers a probe at a run-store and opens a stream to a queue. */
export async function startProbeSupervisor(addresses: {
  runStore: string;
  queue: string;
  internalToken: string;
}): Promise<ProbeSupervisor> {
  const supervisorId = `sup_probe${randomUUID().replaceAll("-", "")}`;
  const store = createChannel(addresses.runStore, { token: addresses.internalToken });
  const queue = createChannel(addresses.queue, { token: addresses.internalToken });
  const execution = createClient(ExecutionService, store);
  const report = createCorrelatedStream<ReportExecutionRequest, ReportExecutionResponse>({
    open: (signal) => execution.reportExecution({ signal }),
    onBreak: "resend",
    greet: () =>
      create(ReportExecutionRequestSchema, {
        body: {
          case: "register",
          value: { supervisorId, hostname: "bench", ttl: { seconds: 120n }, sandboxTier: "process" },
        },
      }),
    maxInFlight: 100,
  });
  await report.ask(create(ReportExecutionRequestSchema, { body: { case: "heartbeat", value: { leaseTokens: [] } } }));

  const call = createClient(LeaseService, queue).leaseRuns();
  const responses = call.responses[Symbol.asyncIterator]();
  const waiting: Lease[] = [];
  call.send(create(LeaseRunsRequestSchema, { supervisorId, credits: 0 }));

  return {
    async take() {
      const startedAt = performance.now();
      call.send(create(LeaseRunsRequestSchema, { supervisorId, credits: 1 }));
      while (waiting.length === 0) {
        const next = await responses.next();
        if (next.done) throw new Error("the queue ended the probe's lease stream");
        waiting.push(...next.value.leases);
      }
      return { lease: waiting.shift() as Lease, ms: performance.now() - startedAt };
    },
    async release(leases) {
      await report.ask(
        create(ReportExecutionRequestSchema, {
          body: { case: "work", value: { released: leases.flatMap((lease) => (lease.ref ? [lease.ref] : [])) } },
        }),
      );
    },
    async close() {
      call.cancel();
      await report.ask(create(ReportExecutionRequestSchema, { body: { case: "unregister", value: {} } }));
      await report.close();
      store.close();
      queue.close();
    },
  };
}
