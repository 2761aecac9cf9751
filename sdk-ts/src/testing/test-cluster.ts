import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import {
  type AwaitRunsRequest,
  type AwaitRunsResponseSchema,
  BatchService,
  type Content,
  DeploymentService,
  EnvironmentService,
  ErrorReason,
  type FailedItemSchema,
  type HoldSchema,
  type ListRunsRequest,
  QueueService,
  type RunEventSchema,
  type RunSchema,
  RunService,
  RunStatus,
  ScheduleService,
  TaskService,
  type Trigger,
  TriggerSchema,
  type TriggerResultSchema,
  type TriggerTasksRequest,
  WaitpointService,
  type WatchRunRequest,
} from "@windlass/proto";
import {
  type CallContext,
  CallFailure,
  callErrorFromFailure,
  createPushStream,
  fieldInvalid,
  type PushStream,
  serviceDefinition,
  type ServiceImplementation,
  serviceHandlers,
  status,
} from "@windlass/proto/grpc";
import { testBatchService } from "./test-batches.ts";
import { testDeploymentService } from "./test-deployments.ts";
import { type StoredEnvironment, testEnvironmentService } from "./test-environments.ts";
import { type StoredQueue, testQueueService } from "./test-queues.ts";
import { type StoredSchedule, testScheduleService } from "./test-schedules.ts";
import { type StoredToken, testWaitpointService } from "./test-tokens.ts";

export type StoredRun = Extract<MessageInitShape<typeof RunSchema>, { $typeName?: never }> & {
  id: string;
  status: RunStatus;
};
type Awaited = MessageInitShape<typeof AwaitRunsResponseSchema>;
type Event = Extract<MessageInitShape<typeof RunEventSchema>, { $typeName?: never }>;

export const API_KEY = "wl_test_key";
const TERMINAL: ReadonlySet<RunStatus> = new Set([RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED]);

/** A cluster's public services in memory, over real gRPC. A restart keeps what is stored, as a database would. */
export class TestCluster {
  readonly runs = new Map<string, StoredRun>();
  readonly events = new Map<string, Event[]>();
  readonly tokens = new Map<string, StoredToken>();
  readonly queues = new Map<string, StoredQueue>();
  readonly schedules = new Map<string, StoredSchedule>();
  readonly environment: StoredEnvironment = { concurrencyLimit: undefined, variables: {}, plainNames: new Set() };
  /** What GetRun says of why a run does not execute. */
  readonly holds = new Map<string, MessageInitShape<typeof HoldSchema>>();
  /** Items that were refused, by their batch. */
  readonly failedItems = new Map<string, MessageInitShape<typeof FailedItemSchema>[]>();
  /** Every upload, also of what is current already. */
  readonly deployed: { bytes: Buffer; taskIds: string[] }[] = [];
  currentDeployment: { id: string; version: string; bundleHash: string; isCurrent: boolean } | undefined;
  /** The TriggerTasks messages and AwaitRuns messages that have come, and the streams on which they did. */
  readonly triggerMessages: Trigger[][] = [];
  readonly awaitMessages: string[][] = [];
  streams = { triggers: 0, awaits: 0, watches: 0 };
  /** While true, triggers are stored but not answered. */
  isSilent = false;
  /** So many triggers to come are answered with OVERLOADED. */
  overloads = 0;
  readonly #requestIds = new Map<string, string>();
  readonly #idempotencyKeys = new Map<string, string>();
  readonly #waiters = new Map<string, Set<PushStream<Awaited>>>();
  readonly #watchers = new Set<() => void>();
  #server = new Server();
  port = 0;
  readonly #socket: string | undefined;

  /** Without a socket's path it listens at a port. */
  constructor(socket?: string) {
    this.#socket = socket;
  }

  static async start(socket?: string): Promise<TestCluster> {
    const cluster = new TestCluster(socket);
    await cluster.listen();
    return cluster;
  }

  get url(): string {
    return this.#socket === undefined ? `http://127.0.0.1:${this.port}` : `unix:${this.#socket}`;
  }

  async listen(): Promise<void> {
    this.#server = new Server({ "grpc.max_receive_message_length": 16 * 1024 * 1024 });
    const hooks = {
      context: (call: CallContext) => {
        if (call.metadata.get("authorization")[0] !== `Bearer ${API_KEY}`) throw wrongKey();
        return call;
      },
      onDefect: (error: unknown) => console.error(error),
    };
    this.#server.addService(
      serviceDefinition(TaskService),
      serviceHandlers<typeof TaskService>(TaskService, this.#taskService(), hooks),
    );
    this.#server.addService(
      serviceDefinition(RunService),
      serviceHandlers<typeof RunService>(RunService, this.#runService(), hooks),
    );
    this.#server.addService(
      serviceDefinition(DeploymentService),
      serviceHandlers<typeof DeploymentService>(DeploymentService, testDeploymentService(this), hooks),
    );
    this.#server.addService(
      serviceDefinition(WaitpointService),
      serviceHandlers<typeof WaitpointService>(WaitpointService, testWaitpointService(this.tokens), hooks),
    );
    this.#server.addService(
      serviceDefinition(QueueService),
      serviceHandlers<typeof QueueService>(QueueService, testQueueService(this.queues), hooks),
    );
    this.#server.addService(
      serviceDefinition(ScheduleService),
      serviceHandlers<typeof ScheduleService>(ScheduleService, testScheduleService(this.schedules), hooks),
    );
    this.#server.addService(
      serviceDefinition(BatchService),
      serviceHandlers<typeof BatchService>(BatchService, testBatchService(this), hooks),
    );
    this.#server.addService(
      serviceDefinition(EnvironmentService),
      serviceHandlers<typeof EnvironmentService>(EnvironmentService, testEnvironmentService(this.environment), hooks),
    );
    const address = this.#socket === undefined ? `127.0.0.1:${this.port}` : `unix:${this.#socket}`;
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  /** Ends every connection and stops listening, as a process that is killed does. */
  kill(): void {
    this.#server.forceShutdown();
  }

  /** Changes a run and tells whoever waits or watches. */
  change(runId: string, changes: Partial<StoredRun>): void {
    const run = this.#find(runId);
    Object.assign(run, changes, { revision: (run.revision ?? 0n) + 1n });
    this.tell(runId, { body: { case: "statusChanged", value: { status: run.status, attemptNumber: 1 } } });
    if (!TERMINAL.has(run.status)) return;
    const waiters = this.#waiters.get(runId) ?? [];
    this.#waiters.delete(runId);
    for (const waiter of waiters) waiter.push({ results: [{ runId, result: { case: "run", value: run } }] });
  }

  /** Adds to a run's timeline. */
  tell(runId: string, event: Event): void {
    const events = this.events.get(runId) ?? [];
    this.events.set(runId, events);
    events.push({ ...event, seq: BigInt(events.length + 1), time: timestampFromMs(1_000 * events.length) });
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const wake of watchers) wake();
  }

  #store(trigger: Trigger): MessageInitShape<typeof TriggerResultSchema> {
    if (this.overloads > 0) {
      this.overloads -= 1;
      return { result: { case: "error", value: callErrorFromFailure(overloaded()) } };
    }
    if (trigger.taskId === "refused") {
      const error = callErrorFromFailure(
        fieldInvalid({ field: "trigger.taskId", description: "is refused by this test." }),
      );
      const batchId = trigger.options?.batchId ?? "";
      const { requestId, taskId } = trigger;
      this.failedItems.set(batchId, [...(this.failedItems.get(batchId) ?? []), { requestId, taskId, error }]);
      return { result: { case: "error", value: error } };
    }
    const known = this.#requestIds.get(trigger.requestId);
    if (known !== undefined) return { result: { case: "run", value: { runId: known, isCached: true } } };
    const key = trigger.options?.idempotencyKey ?? "";
    const keyed = this.#idempotencyKeys.get(`${trigger.taskId} ${key}`);
    if (keyed !== undefined) return { result: { case: "run", value: { runId: keyed, isCached: true } } };
    const id = `run_${this.runs.size + 1}`;
    this.#requestIds.set(trigger.requestId, id);
    if (key !== "") this.#idempotencyKeys.set(`${trigger.taskId} ${key}`, id);
    const { taskId, payload, tags, isTest, traceparent, queue, maxAttempts, options, parentRunId } = trigger;
    this.runs.set(id, {
      id,
      status: options?.startTime === undefined ? RunStatus.QUEUED : RunStatus.DELAYED,
      taskId,
      tags,
      isTest,
      traceparent,
      queue: queue || `task/${taskId}`,
      maxAttempts: maxAttempts || 3,
      revision: 1n,
      createTime: timestampFromMs(0),
      parentRunId,
      ...(payload === undefined ? {} : { payload }),
      ...(options === undefined ? {} : { options }),
      ...(options?.metadata === undefined ? {} : { metadata: options.metadata }),
    });
    this.tell(id, { body: { case: "statusChanged", value: { status: RunStatus.QUEUED } } });
    return { result: { case: "run", value: { runId: id } } };
  }

  #find(runId: string): StoredRun {
    const run = this.runs.get(runId);
    if (run === undefined) throw runNotFound(runId);
    return run;
  }

  #taskService(): ServiceImplementation<typeof TaskService> {
    return {
      triggerTask: async () => ({}), // The SDK triggers by the stream.
      triggerTasks: (requests) => this.#triggerTasks(requests),
      resetIdempotencyKey: async ({ taskId, idempotencyKey }) => ({
        wasSet: this.#idempotencyKeys.delete(`${taskId} ${idempotencyKey}`),
      }),
    };
  }

  async *#triggerTasks(requests: AsyncIterable<TriggerTasksRequest>) {
    this.streams.triggers += 1;
    for await (const { correlationId, triggers } of requests) {
      this.triggerMessages.push(triggers);
      const results = triggers.map((trigger) => this.#store(trigger));
      if (!this.isSilent) yield { correlationId, results };
    }
  }

  #runService(): ServiceImplementation<typeof RunService> {
    return {
      getRun: async ({ runId }) => {
        const hold = this.holds.get(runId);
        return { run: { ...this.#find(runId) }, attempts: [], ...(hold !== undefined && { hold }) };
      },
      listRuns: async (request) => this.#listRuns(request),
      countRuns: () => {
        throw new Error("The SDK does not count runs.");
      },
      replayRun: async ({ runId, requestId, payload }) => {
        const run = this.#find(runId);
        const stored = this.#store(
          create(TriggerSchema, { requestId, taskId: run.taskId ?? "", payload: payload ?? (run.payload as Content) }),
        );
        const replayId = stored.result?.case === "run" ? (stored.result.value.runId ?? "") : "";
        return { run: Object.assign(this.#find(replayId), { replayOfRunId: runId }) };
      },
      rescheduleRun: async ({ runId, startTime }) => {
        const run = this.#find(runId);
        if (run.status !== RunStatus.DELAYED) throw runNotDelayed(runId);
        return { run: Object.assign(run, { dueTime: startTime }) };
      },
      updateRun: async ({ runId, metadata, addTags }) => {
        const run = this.#find(runId);
        const tags = [...(run.tags ?? []), ...addTags];
        return { run: Object.assign(run, { tags, ...(metadata !== undefined && { metadata }) }) };
      },
      cancelRun: async ({ runId, reason }) => {
        const run = this.#find(runId);
        if (!TERMINAL.has(run.status)) this.change(runId, { status: RunStatus.CANCELED, cancelReason: reason });
        return { run };
      },
      watchRun: (request, call) => this.#watchRun(request, call.signal),
      awaitRuns: (requests) => {
        this.streams.awaits += 1;
        const answers = createPushStream<Awaited>(100_000);
        this.#takeAwaited(requests, answers).catch((error: unknown) => answers.end(error));
        return answers;
      },
    };
  }

  /** Newest first; a page token is the number of runs that came before. */
  #listRuns(request: ListRunsRequest) {
    const { statuses, taskId, tag, batchId, parentRunId, queue, version, scheduleId, isTest } = request;
    const { fromTime, toTime, pageSize, pageToken } = request;
    const timeOf = ({ createTime }: StoredRun) => Number(createTime?.seconds ?? 0n);
    const selected = [...this.runs.values()]
      .toReversed()
      .filter(
        (run) =>
          (statuses.length === 0 || statuses.includes(run.status)) &&
          (taskId === "" || run.taskId === taskId) &&
          (tag === "" || run.tags?.includes(tag) === true) &&
          (batchId === "" || run.options?.batchId === batchId) &&
          (parentRunId === "" || run.parentRunId === parentRunId) &&
          (queue === "" || run.queue === queue) &&
          (version === "" || run.version === version) &&
          (scheduleId === "" || run.scheduleId === scheduleId) &&
          (isTest === undefined || run.isTest === isTest) &&
          (fromTime === undefined || timeOf(run) >= Number(fromTime.seconds)) &&
          (toTime === undefined || timeOf(run) < Number(toTime.seconds)),
      );
    const start = Number(pageToken);
    const end = start + (pageSize || 50);
    return { runs: selected.slice(start, end), nextPageToken: end < selected.length ? String(end) : "" };
  }

  async *#watchRun({ runId, afterSeq }: WatchRunRequest, signal: AbortSignal) {
    this.streams.watches += 1;
    const run = this.#find(runId);
    let seen = Number(afterSeq);
    while (!signal.aborted) {
      const events = (this.events.get(runId) ?? []).slice(seen);
      seen += events.length;
      if (events.length > 0) yield { events };
      else if (TERMINAL.has(run.status)) return;
      else await this.#nextEvent(signal);
    }
  }

  async #takeAwaited(requests: AsyncIterable<AwaitRunsRequest>, answers: PushStream<Awaited>): Promise<void> {
    for await (const { runIds } of requests) {
      this.awaitMessages.push(runIds);
      for (const runId of runIds) this.#answerWhenEnded(runId, answers);
    }
    answers.end();
  }

  #answerWhenEnded(runId: string, answers: PushStream<Awaited>): void {
    const run = this.runs.get(runId);
    if (run === undefined) {
      const value = callErrorFromFailure(runNotFound(runId));
      answers.push({ results: [{ runId, result: { case: "error", value } }] });
    } else if (TERMINAL.has(run.status)) {
      answers.push({ results: [{ runId, result: { case: "run", value: run } }] });
    } else {
      this.#waiters.set(runId, (this.#waiters.get(runId) ?? new Set()).add(answers));
    }
  }

  #nextEvent(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

function wrongKey(): CallFailure {
  return new CallFailure({
    code: status.UNAUTHENTICATED,
    reason: ErrorReason.API_KEY_INVALID,
    message: "The API key is not one of ours.",
  });
}

function overloaded(): CallFailure {
  return new CallFailure({
    code: status.RESOURCE_EXHAUSTED,
    reason: ErrorReason.OVERLOADED,
    message: "Too much is waiting.",
  });
}

function runNotFound(runId: string): CallFailure {
  return new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.RUN_NOT_FOUND,
    message: `There is no run ${runId}.`,
  });
}

function runNotDelayed(runId: string): CallFailure {
  return new CallFailure({
    code: status.FAILED_PRECONDITION,
    reason: ErrorReason.RUN_NOT_DELAYED,
    message: `${runId} is not delayed.`,
  });
}
