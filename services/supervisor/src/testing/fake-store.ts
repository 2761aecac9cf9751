import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import {
  ErrorReason,
  ExecutionService,
  type FinishAttempt,
  type GetVariablesResponse,
  type LeaseRef,
  type ReportExecutionRequest,
  type ReportExecutionResponse,
  ReportExecutionResponseSchema,
  type RunEvent,
  type RunUpdate,
  type Wait,
  type WorkReport,
} from "@windlass/proto";
import {
  callFailureFromError,
  createPushStream,
  type PushStream,
  type ServiceImplementation,
} from "@windlass/proto/grpc";
import { createFakeTaskServices } from "./fake-task-services.ts";
import { callError, startPeer } from "./start-peer.ts";

/** What the store remembers of one lease. */
export interface LeaseRow {
  readonly events: RunEvent[];
  finish?: FinishAttempt;
  isReleased: boolean;
  /** What it was said to wait for, and which of these waits were said to be over. */
  readonly waits: Wait[];
  readonly waitsOver: string[];
  readonly updates: RunUpdate[];
}

type Answer = Partial<Pick<ReportExecutionResponse, "error" | "lost" | "cancels" | "revoked">>;

/**
 * A run-store's ExecutionService over real gRPC, with its tables in memory. Tests read the tables, wait on them with
 * `until`, and set what it answers.
 */
export async function startFakeStore(bundles: readonly { hash: string; bytes: Uint8Array }[] = []) {
  const leases = new Map<string, LeaseRow>();
  const registered: string[] = [];
  const replaced: string[] = [];
  const heartbeats: { supervisorId: string; leaseTokens: readonly string[] }[] = [];
  const reports: WorkReport[] = [];
  const unregistered: string[] = [];
  const streams = new Set<PushStream<ReportExecutionResponse>>();
  const watchers = new Set<() => void>();
  const fetched: string[] = [];
  const taskServices = createFakeTaskServices();

  const store = {
    leases,
    registered,
    /** Whom each registration said to follow. */
    replaced,
    heartbeats,
    reports,
    unregistered,
    fetched,
    taskServices,
    /** The environments whose variables were read, and what is answered. */
    variablesRead: [] as string[],
    answerVariables: (_environmentId: string): Omit<GetVariablesResponse, "$typeName" | "$unknown"> => ({
      variables: {},
      revision: 0n,
      secretNames: [],
    }),
    /** What a question is answered; undefined: nothing, until it is asked again. */
    answerWork: (_work: WorkReport): Answer | undefined => ({}),
    answerRegister: (): Answer | undefined => ({}),
    answerUnregister: (): Answer | undefined => ({}),
    answerHeartbeat: (_leaseTokens: readonly string[]): Answer | undefined => ({}),
    row(leaseToken: string): LeaseRow {
      const row = leases.get(leaseToken) ?? { events: [], isReleased: false, waits: [], waitsOver: [], updates: [] };
      leases.set(leaseToken, row);
      return row;
    },
    push(answer: Answer): void {
      for (const stream of streams) stream.push(response(0n, answer));
    },
    /** Breaks every open line. */
    cut(): void {
      for (const stream of streams) stream.end(callFailureFromError(callError(ErrorReason.NOT_READY)));
    },
    /** Resolves when the condition holds; looked at after every message. */
    async until(condition: () => boolean, limitMs = 45_000): Promise<void> {
      const limit = AbortSignal.timeout(limitMs);
      while (!condition()) {
        const heard = Promise.withResolvers<void>();
        watchers.add(heard.resolve);
        await Promise.race([heard.promise, delay(20)]);
        watchers.delete(heard.resolve);
        if (limit.aborted) throw new Error(`Not within ${limitMs} ms: ${condition.toString()}`);
      }
    },
    async finished(leaseToken: string, limitMs?: number): Promise<FinishAttempt> {
      await store.until(() => store.row(leaseToken).finish !== undefined, limitMs);
      return store.row(leaseToken).finish as FinishAttempt;
    },
  };

  function keep(work: WorkReport): void {
    reports.push(work);
    for (const { ref, events, update } of work.progress) {
      store.row(tokenOf(ref)).events.push(...events);
      if (update !== undefined) store.row(tokenOf(ref)).updates.push(update);
    }
    for (const { ref, wait, events } of work.suspended) {
      store.row(tokenOf(ref)).events.push(...events);
      if (wait !== undefined) store.row(tokenOf(ref)).waits.push(wait);
    }
    for (const { ref, waitId } of work.resumed) store.row(tokenOf(ref)).waitsOver.push(waitId);
    for (const finish of work.finished) {
      const row = store.row(tokenOf(finish.ref));
      row.events.push(...finish.events);
      if (finish.update !== undefined) row.updates.push(finish.update);
      row.finish = finish;
    }
    for (const ref of work.released) store.row(tokenOf(ref)).isReleased = true;
  }

  function answer(supervisorId: string, { body }: ReportExecutionRequest): Answer | undefined {
    switch (body.case) {
      case "register":
        registered.push(body.value.supervisorId);
        replaced.push(body.value.replacesSupervisorId);
        return store.answerRegister();
      case "heartbeat":
        heartbeats.push({ supervisorId, leaseTokens: body.value.leaseTokens });
        return store.answerHeartbeat(body.value.leaseTokens);
      case "work": {
        const given = store.answerWork(body.value);
        if (given !== undefined && given.error === undefined) keep(body.value);
        return given;
      }
      case "unregister":
        unregistered.push(supervisorId);
        return store.answerUnregister();
      default:
        throw new Error("an empty message");
    }
  }

  const implementation: ServiceImplementation<typeof ExecutionService> = {
    reportExecution(requests) {
      const stream = createPushStream<ReportExecutionResponse>(10_000);
      streams.add(stream);
      void listen();
      return stream;

      async function listen(): Promise<void> {
        let supervisorId = "";
        try {
          for await (const request of requests) {
            if (request.body.case === "register") ({ supervisorId } = request.body.value);
            const given = answer(supervisorId, request);
            if (given !== undefined) stream.push(response(request.correlationId, given));
            for (const tell of watchers) tell();
          }
        } catch {
          // The line broke: what is not answered is asked again.
        } finally {
          streams.delete(stream);
          stream.end();
        }
      }
    },
    async getVariables({ environmentId }) {
      store.variablesRead.push(environmentId);
      return store.answerVariables(environmentId);
    },
    async *getBundle({ bundleHash }) {
      fetched.push(bundleHash);
      const found = bundles.find(({ hash }) => hash === bundleHash);
      if (found === undefined) {
        throw callFailureFromError(callError(ErrorReason.DEPLOYMENT_NOT_FOUND, "There is no such bundle."));
      }
      for (let from = 0; from < found.bytes.byteLength; from += 1_000) {
        yield { chunk: found.bytes.subarray(from, from + 1_000) };
      }
    },
  };

  const peer = await startPeer(ExecutionService, implementation, (server) => taskServices.addTo(server));
  return Object.assign(store, peer);
}

export type FakeStore = Awaited<ReturnType<typeof startFakeStore>>;

function response(correlationId: bigint, answer: Answer): ReportExecutionResponse {
  return create(ReportExecutionResponseSchema, { correlationId, ...answer });
}

function tokenOf(ref: LeaseRef | undefined): string {
  return ref?.leaseToken ?? "";
}
