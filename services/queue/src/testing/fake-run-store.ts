import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createGrpcServer, internalAuthenticator, notReady } from "@windlass/chassis";
import {
  type Claim,
  ClaimSchema,
  type ClaimNext,
  type ClaimResult,
  ClaimResultSchema,
  type ClaimRunsRequest,
  type ClaimRunsResponse,
  ClaimRunsResponseSchema,
  type EnvironmentSettings,
  EnvironmentSettingsSchema,
  ErrorReason,
  type HoldShardsRequest,
  type LeasedRun,
  LeasedRunSchema,
  type QueuedRun,
  QueuedRunSchema,
  type QueueSettings,
  QueueSettingsSchema,
  RunQueueService,
  type WatchQueuedRequest,
  type WatchQueuedResponse,
  WatchQueuedResponseSchema,
} from "@windlass/proto";
import {
  type CallContext,
  CallFailure,
  callErrorFromFailure,
  createPushStream,
  type PushStream,
  type ServiceImplementation,
  status,
} from "@windlass/proto/grpc";
import { FakeShards } from "./fake-shards.ts";
import { internalToken, silentLogger, untraced } from "./parts.ts";

const PAGE_SIZE = 100;

/** A run-store that has nothing but queued runs, leases and limits, in memory, behind a real gRPC server: a peer for one or more queue services. */
export interface FakeRunStore extends AsyncDisposable {
  readonly address: string;
  /** The epoch of shard 0: how often it was watched. */
  readonly epoch: number;
  /** Who owns what, and who said hello. */
  readonly shards: FakeShards;
  /** Queues runs and tells the watchers. Names sort as they are given. */
  queue(runs: readonly Partial<QueuedRunInit>[]): void;
  /** Gives back the lease of a run: it is queued again in its old place. */
  release(runId: string): void;
  /** Ends a run that is leased; unless `isNoticeLost`, the watchers are told. */
  finish(runId: string, options?: { isNoticeLost: boolean }): void;
  /** Ends a run that nobody has leased, without telling anybody. */
  cancel(runId: string): void;
  /** Sets limits, and tells the watchers. */
  setQueue(settings: MessageInitShape<typeof QueueSettingsSchema>): void;
  setEnvironment(settings: MessageInitShape<typeof EnvironmentSettingsSchema>): void;
  /** Tells the watchers the live leases. */
  tellLeases(): void;
  /** The supervisor of each leased run. */
  readonly leases: ReadonlyMap<string, string>;
  /** Every lease made, in order. */
  readonly claimed: readonly string[];
  /** Runs of which the watchers were told as they were queued. */
  readonly told: number;
  /** Messages that wait for runs to come. */
  readonly asked: number;
  /** The supervisors whose claims are refused. */
  readonly expired: Set<string>;
  /** Claims are stored from now on, but not answered, until the returned function is called. */
  holdAnswers(): () => void;
  /** ClaimRuns messages that are stored and not answered. */
  readonly heldAnswers: number;
  /** Every watch ends with NOT_READY after this many pages of its snapshot; undefined for none. */
  failAfterPages: number | undefined;
  /** Ends every open watch. */
  cutWatches(): void;
}

export interface QueuedRunInit {
  readonly environmentId: string;
  readonly runId: string;
  readonly queue: string;
  readonly concurrencyKey: string;
  readonly queueTimeUs: number;
  readonly traceparent: string;
  readonly supervisorId: string;
  readonly machine: string;
}

interface KeptClaim {
  readonly claim: ClaimNext;
  readonly answer: (runs: readonly QueuedRun[]) => void;
}

interface Watch {
  readonly shard: number;
  readonly epoch: bigint;
  readonly live: PushStream<WatchQueuedResponse>;
}

/**
 * Starts one with so many shards (default 1) on a free port. An environment whose name ends in a number is in the shard of
 * that number, every other in shard 0.
 */
export async function startFakeRunStore(shardCount = 1): Promise<FakeRunStore> {
  const store = new InMemoryRunStore(shardCount);
  const server = createGrpcServer({
    address: "127.0.0.1:0",
    logger: silentLogger,
    telemetry: untraced,
    authenticate: internalAuthenticator(internalToken),
  });
  server.add(RunQueueService, store);
  await server.start();
  return Object.assign(store, {
    address: server.address,
    [Symbol.asyncDispose]: () => server.stop(),
  });
}

class InMemoryRunStore implements ServiceImplementation<typeof RunQueueService> {
  readonly shards: FakeShards;
  readonly #shardCount: number;
  readonly #runs = new Map<string, QueuedRun>();
  readonly #tokens = new Map<string, string>();
  readonly #next: KeptClaim[] = [];
  readonly #watches = new Set<Watch>();
  readonly #queues = new Map<string, QueueSettings>();
  readonly #environments = new Map<string, EnvironmentSettings>();
  readonly leases = new Map<string, string>();
  readonly claimed: string[] = [];
  readonly expired = new Set<string>();
  failAfterPages: number | undefined;
  told = 0;
  heldAnswers = 0;
  #held: Promise<void> | undefined;
  #lastQueueTimeUs = 1_700_000_000_000_000;

  constructor(shardCount: number) {
    this.#shardCount = shardCount;
    this.shards = new FakeShards(shardCount);
  }

  get asked(): number {
    return this.#next.length;
  }

  get epoch(): number {
    return this.shards.epochOf(0);
  }

  queue(runs: readonly Partial<QueuedRunInit>[]): void {
    for (const init of runs) {
      this.#lastQueueTimeUs += 1;
      const { environmentId = "env", queue = "q", concurrencyKey = "", traceparent = "", supervisorId = "" } = init;
      const { queueTimeUs = this.#lastQueueTimeUs, machine = "" } = init;
      const runId = init.runId ?? `run_${this.#lastQueueTimeUs}`;
      const run = create(QueuedRunSchema, {
        environmentId,
        runId,
        queue,
        concurrencyKey,
        queueTimeUs: BigInt(queueTimeUs),
        traceparent,
        supervisorId,
        machine,
      });
      this.#runs.set(runId, run);
      const kept = this.#next.findIndex(({ claim }) => isFor(claim, run));
      if (kept === -1) {
        this.told += 1;
        this.#tell(environmentId, { runs: [run] });
      } else for (const { answer } of this.#next.splice(kept, 1)) answer([run]);
    }
  }

  release(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined || !this.leases.delete(runId)) throw new Error(`${runId} is not leased`);
    this.#tell(run.environmentId, { freed: [this.#freedSlot(run)], runs: [run] });
  }

  finish(runId: string, { isNoticeLost } = { isNoticeLost: false }): void {
    const run = this.#runs.get(runId);
    if (run === undefined || !this.leases.delete(runId)) throw new Error(`${runId} is not leased`);
    this.#runs.delete(runId);
    if (!isNoticeLost) this.#tell(run.environmentId, { freed: [this.#freedSlot(run)] });
  }

  cancel(runId: string): void {
    this.#runs.delete(runId);
  }

  setQueue(settings: MessageInitShape<typeof QueueSettingsSchema>): void {
    const queue = create(QueueSettingsSchema, { environmentId: "env", queue: "q", ...settings });
    this.#queues.set(`${queue.environmentId}/${queue.queue}`, queue);
    this.#tell(queue.environmentId, { queues: [queue] });
  }

  setEnvironment(settings: MessageInitShape<typeof EnvironmentSettingsSchema>): void {
    const environment = create(EnvironmentSettingsSchema, { environmentId: "env", ...settings });
    this.#environments.set(environment.environmentId, environment);
    this.#tell(environment.environmentId, { environments: [environment] });
  }

  tellLeases(): void {
    for (const { shard, epoch, live } of this.#watches) {
      live.push(create(WatchQueuedResponseSchema, { epoch, ...this.#leaseList(shard) }));
    }
  }

  holdAnswers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  cutWatches(): void {
    for (const { live } of this.#watches) live.end(notReady("The test cut the watch."));
  }

  holdShards(requests: AsyncIterable<HoldShardsRequest>, { signal }: CallContext) {
    return this.shards.hold(requests, signal);
  }

  async *watchQueued({ shard, queueServiceId }: WatchQueuedRequest, { signal }: CallContext) {
    if (!this.shards.isOwner(shard, queueServiceId)) throw refusal(ErrorReason.EPOCH_STALE);
    const epoch = BigInt(this.shards.bumpEpoch(shard));
    const live = createPushStream<WatchQueuedResponse>(100_000, signal);
    const watch = { shard, epoch, live };
    this.#watches.add(watch);
    const isOfShard = ({ environmentId }: { environmentId: string }): boolean => this.#shardOf(environmentId) === shard;
    try {
      const queued = [...this.#runs.values()].filter((run) => isOfShard(run) && !this.leases.has(run.runId));
      const waiting = queued.toSorted(byPlace);
      yield {
        epoch,
        environments: [...this.#environments.values()].filter(isOfShard),
        queues: [...this.#queues.values()].filter(isOfShard),
        ...this.#leaseList(shard),
      };
      for (let page = 0; page * PAGE_SIZE < waiting.length; page += 1) {
        if (page === this.failAfterPages) throw notReady("The test cut the snapshot.");
        yield { epoch, runs: waiting.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE) };
      }
      yield { epoch, snapshotComplete: true };
      yield* live;
    } finally {
      this.#watches.delete(watch);
    }
  }

  claimRuns(requests: AsyncIterable<ClaimRunsRequest>, { signal }: CallContext): AsyncIterable<ClaimRunsResponse> {
    const answers = createPushStream<ClaimRunsResponse>(1_000, signal);
    const answerAll = async (): Promise<void> => {
      for await (const request of requests) {
        if (request.next !== undefined) {
          this.#keep(request, (answer) => answers.push(answer), signal);
          continue;
        }
        if (request.answerNext) for (const kept of this.#next.splice(0)) kept.answer([]);
        const answer = this.#answer(request);
        const held = this.#held;
        if (held === undefined) answers.push(answer);
        else void this.#holdBack(held).then(() => answers.push(answer));
      }
    };
    answerAll().then(
      () => answers.end(),
      (error: unknown) => answers.end(error),
    );
    return answers;
  }

  /** A real store's answer to `next`, but for its batches: the first run that comes is the whole answer. */
  #keep(request: ClaimRunsRequest, push: (answer: ClaimRunsResponse) => void, signal: AbortSignal): void {
    const { correlationId, next } = request;
    if (next === undefined) return;
    const kept: KeptClaim = {
      claim: next,
      answer: (runs) => {
        const claims = runs.map((run) =>
          create(ClaimSchema, { environmentId: run.environmentId, runId: run.runId, supervisorId: next.supervisorId }),
        );
        const answer = this.#answer({ ...request, claims });
        const isRefused = answer.error !== undefined || answer.results.some(({ result }) => result.case === "error");
        if (isRefused) for (const run of runs) this.#tell(run.environmentId, { runs: [run] });
        const results = answer.results.filter(({ result }) => result.case === "lease");
        push({ ...answer, correlationId, results });
      },
    };
    this.#next.push(kept);
    signal.addEventListener("abort", () => {
      const index = this.#next.indexOf(kept);
      if (index !== -1) this.#next.splice(index, 1);
    });
  }

  async #holdBack(held: Promise<void>): Promise<void> {
    this.heldAnswers += 1;
    await held;
    this.heldAnswers -= 1;
  }

  #answer({ correlationId, epoch, shard, claims }: ClaimRunsRequest): ClaimRunsResponse {
    if (epoch === BigInt(this.shards.epochOf(shard))) {
      return create(ClaimRunsResponseSchema, { correlationId, results: claims.map((claim) => this.#claim(claim)) });
    }
    const error = callErrorFromFailure(refusal(ErrorReason.EPOCH_STALE));
    return create(ClaimRunsResponseSchema, { correlationId, error });
  }

  #claim({ environmentId, runId, supervisorId, traceparent }: Claim): ClaimResult {
    if (this.expired.has(supervisorId)) return refused(ErrorReason.SUPERVISOR_EXPIRED);
    const boundTo = this.#runs.get(runId)?.supervisorId ?? "nobody";
    const isClaimable = (boundTo === "" || boundTo === supervisorId) && !this.leases.has(runId);
    if (!isClaimable) return refused(ErrorReason.RUN_NOT_QUEUED);
    this.leases.set(runId, supervisorId);
    this.claimed.push(runId);
    const leaseToken = `token ${this.claimed.length}`;
    this.#tokens.set(runId, leaseToken);
    const machine = this.#runs.get(runId)?.machine ?? "";
    const lease = { ref: { environmentId, runId, leaseToken }, traceparent, machine };
    return create(ClaimResultSchema, { result: { case: "lease", value: lease } });
  }

  #freedSlot({ environmentId, runId }: QueuedRun) {
    return { environmentId, runId, leaseToken: this.#tokens.get(runId) ?? "" };
  }

  #leaseList(shard: number) {
    const leasedTimeUs = BigInt(Date.now()) * 1_000n;
    return { leased: this.#leasesOf(shard), leasedComplete: true, leasedTimeUs };
  }

  #leasesOf(shard: number): LeasedRun[] {
    return [...this.leases.keys()].flatMap((runId) => {
      const run = this.#runs.get(runId);
      if (run === undefined || this.#shardOf(run.environmentId) !== shard) return [];
      const { environmentId, queue, concurrencyKey } = run;
      const leaseToken = this.#tokens.get(runId) ?? "";
      return [create(LeasedRunSchema, { environmentId, runId, queue, concurrencyKey, leaseToken })];
    });
  }

  #shardOf(environmentId: string): number {
    return Number(/\d+$/.exec(environmentId)?.[0] ?? 0) % this.#shardCount;
  }

  #tell(environmentId: string, message: MessageInitShape<typeof WatchQueuedResponseSchema>): void {
    for (const { shard, epoch, live } of this.#watches) {
      if (shard === this.#shardOf(environmentId)) live.push(create(WatchQueuedResponseSchema, { ...message, epoch }));
    }
  }
}

function isFor(claim: ClaimNext, run: QueuedRun): boolean {
  const isOfLine = claim.environmentId === run.environmentId && claim.queue === run.queue;
  return (
    isOfLine && claim.concurrencyKey === run.concurrencyKey && claim.machine === run.machine && run.supervisorId === ""
  );
}

function byPlace(a: QueuedRun, b: QueuedRun): number {
  return Number(a.queueTimeUs - b.queueTimeUs) || (a.runId < b.runId ? -1 : 1);
}

function refused(reason: ErrorReason): ClaimResult {
  return create(ClaimResultSchema, { result: { case: "error", value: callErrorFromFailure(refusal(reason)) } });
}

function refusal(reason: ErrorReason): CallFailure {
  return new CallFailure({ code: status.FAILED_PRECONDITION, reason, message: "The fake run-store refuses." });
}
