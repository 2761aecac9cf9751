import type { DescService } from "@bufbuild/protobuf";
import { ACTING_FOR_HEADER, type GrpcServer } from "@windlass/chassis";
import { ErrorReason, RunService, TaskService, WaitpointService } from "@windlass/proto";
import {
  type CallContext,
  CallFailure,
  createPushStream,
  fieldInvalid,
  type PushStream,
  type ServiceImplementation,
  status,
} from "@windlass/proto/grpc";

/** What a run-store offers to tasks and to those who wait for runs and tokens, as far as tests need it. */
export function createFakeTaskServices() {
  const ended = new Set<string>();
  /** Messages of AwaitRuns and AwaitTokens, as they came. */
  const awaited: { environmentId: string; ids: readonly string[]; isEndEnough?: boolean }[] = [];
  /** Calls that came, and what became of those that were given up. */
  const calls: { method: string; environmentId: string; traceparent: string; isAborted: boolean }[] = [];
  const open = new Map<PushStream<string>, Set<string>>();

  function note({ method, metadata, signal }: CallContext): void {
    const header = (name: string) => String(metadata.get(name)[0] ?? "");
    const call = {
      method,
      environmentId: header(ACTING_FOR_HEADER),
      traceparent: header("traceparent"),
      isAborted: false,
    };
    calls.push(call);
    signal.addEventListener("abort", () => (call.isAborted = true), { once: true });
  }

  /** Ends of what is named, as they come. */
  async function* ends(
    requests: AsyncIterable<{ ids: readonly string[]; isEndEnough?: boolean }>,
    call: CallContext,
  ): AsyncGenerator<string, void, undefined> {
    const environmentId = String(call.metadata.get(ACTING_FOR_HEADER)[0] ?? "");
    const told = createPushStream<string>(100_000, call.signal);
    const named = new Set<string>();
    open.set(told, named);
    const listen = async (): Promise<void> => {
      for await (const request of requests) {
        awaited.push({ environmentId, ...request });
        for (const id of request.ids) {
          if (ended.has(id)) told.push(id);
          else named.add(id);
        }
      }
    };
    listen().catch((error: unknown) => told.end(error));
    try {
      yield* told;
    } finally {
      open.delete(told);
    }
  }

  async function* map<T, U>(source: AsyncIterable<T>, change: (value: T) => U): AsyncGenerator<U, void, undefined> {
    for await (const value of source) yield change(value);
  }

  const tasks: Partial<ServiceImplementation<typeof TaskService>> = {
    async triggerTask({ trigger }, call) {
      note(call);
      if (trigger?.taskId === "refused") throw fieldInvalid({ field: "trigger.task_id", description: "is refused" });
      return { run: { runId: `run of ${trigger?.taskId ?? ""}` } };
    },
    async *triggerTasks(requests, call) {
      note(call);
      for await (const { correlationId, triggers } of requests) {
        yield {
          correlationId,
          results: triggers.map(({ taskId }) => ({ result: { case: "run", value: { runId: taskId } } })),
        };
      }
    },
  };
  const runs: Partial<ServiceImplementation<typeof RunService>> = {
    async getRun(_request, call) {
      note(call);
      await new Promise((resolve) => call.signal.addEventListener("abort", resolve, { once: true }));
      return {};
    },
    async *watchRun({ afterSeq }, call) {
      note(call);
      for (let seq = afterSeq + 1n; seq <= 100n; seq += 1n) yield { events: [{ seq }] };
    },
    /** No run of a batch is told of but those that a test names. */
    async listRuns(_request, call) {
      note(call);
      return {};
    },
    awaitRuns: (requests, call) =>
      map(
        ends(
          map(requests, ({ runIds: ids, isEndEnough }) => ({ ids, isEndEnough })),
          call,
        ),
        (runId) => ({ results: [{ runId, result: { case: "run" as const, value: { id: runId } } }] }),
      ),
  };
  const tokens: Partial<ServiceImplementation<typeof WaitpointService>> = {
    awaitTokens: (requests, call) =>
      map(
        ends(
          map(requests, ({ tokenIds: ids }) => ({ ids })),
          call,
        ),
        (tokenId) => ({ results: [{ tokenId, result: { case: "token" as const, value: { id: tokenId } } }] }),
      ),
  };

  return {
    awaited,
    calls,
    /** A run or token has ended. */
    end(id: string): void {
      ended.add(id);
      for (const [told, named] of open) if (named.delete(id)) told.push(id);
    },
    /** Breaks every stream of those who wait. */
    cutAwaits(): void {
      for (const told of open.keys()) told.end(unimplemented("cut by the test"));
    },
    openAwaits: () => open.size,
    addTo(server: GrpcServer): void {
      server.add(TaskService, whole(TaskService, tasks));
      server.add(RunService, whole(RunService, runs));
      server.add(WaitpointService, whole(WaitpointService, tokens));
    },
  };
}

/** With every other method refused. */
function whole<S extends DescService>(service: S, part: Partial<ServiceImplementation<S>>): ServiceImplementation<S> {
  const refuse = (): never => {
    throw unimplemented("not in this test");
  };
  const others = Object.fromEntries(service.methods.map(({ localName }) => [localName, refuse]));
  return { ...others, ...part } as ServiceImplementation<S>;
}

function unimplemented(message: string): CallFailure {
  return new CallFailure({ code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY, message });
}
