import { create } from "@bufbuild/protobuf";
import { createGrpcServer, internalAuthenticator, notReady } from "@windlass/chassis";
import {
  type Claim,
  type ClaimResult,
  ClaimResultSchema,
  type ClaimRunsRequest,
  type ClaimRunsResponse,
  ClaimRunsResponseSchema,
  ErrorReason,
  type QueuedRun,
  QueuedRunSchema,
  RunQueueService,
  type WatchQueuedRequest,
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
import { internalToken, silentLogger, untraced } from "./parts.ts";

const PAGE_SIZE = 100;

/** A run-store that has nothing but queued runs and leases, in memory, behind a real gRPC server: a peer for one or more queue services. */
export interface FakeRunStore extends AsyncDisposable {
  readonly address: string;
  /** The epoch of the last WatchQueued; 0 before the first. */
  readonly epoch: number;
  /** Queues runs and tells the watchers. Names sort as they are given. */
  queue(runs: readonly Partial<QueuedRunInit>[]): void;
  /** Gives back the lease of a run: it is queued again in its old place. */
  release(runId: string): void;
  /** Ends a run that nobody has leased, without telling anybody. */
  cancel(runId: string): void;
  /** The supervisor of each leased run. */
  readonly leases: ReadonlyMap<string, string>;
  /** Every lease made, in order. */
  readonly claimed: readonly string[];
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
  readonly queueTimeUs: number;
  readonly traceparent: string;
  readonly supervisorId: string;
}

/** Starts one on a free port of the loopback interface. */
export async function startFakeRunStore(): Promise<FakeRunStore> {
  const store = new InMemoryRunStore();
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
  readonly #runs = new Map<string, QueuedRun>();
  readonly #watches = new Set<PushStream<QueuedRun>>();
  readonly leases = new Map<string, string>();
  readonly claimed: string[] = [];
  readonly expired = new Set<string>();
  failAfterPages: number | undefined;
  epoch = 0;
  heldAnswers = 0;
  #held: Promise<void> | undefined;
  #lastQueueTimeUs = 1_700_000_000_000_000;

  queue(runs: readonly Partial<QueuedRunInit>[]): void {
    for (const init of runs) {
      this.#lastQueueTimeUs += 1;
      const { environmentId = "env", queue = "q", traceparent = "", supervisorId = "" } = init;
      const { queueTimeUs = this.#lastQueueTimeUs } = init;
      const runId = init.runId ?? `run_${this.#lastQueueTimeUs}`;
      const run = create(QueuedRunSchema, {
        environmentId,
        runId,
        queue,
        queueTimeUs: BigInt(queueTimeUs),
        traceparent,
        supervisorId,
      });
      this.#runs.set(runId, run);
      this.#tell(run);
    }
  }

  release(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined || !this.leases.delete(runId)) throw new Error(`${runId} is not leased`);
    this.#tell(run);
  }

  cancel(runId: string): void {
    this.#runs.delete(runId);
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
    for (const watch of this.#watches) watch.end(notReady("The test cut the watch."));
  }

  async *watchQueued(_request: WatchQueuedRequest, { signal }: CallContext) {
    this.epoch += 1;
    const epoch = BigInt(this.epoch);
    const live = createPushStream<QueuedRun>(100_000, signal);
    this.#watches.add(live);
    try {
      const waiting = [...this.#runs.values()].filter(({ runId }) => !this.leases.has(runId)).toSorted(byPlace);
      for (let page = 0; page * PAGE_SIZE < waiting.length; page += 1) {
        if (page === this.failAfterPages) throw notReady("The test cut the snapshot.");
        yield { epoch, runs: waiting.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE) };
      }
      yield { epoch, snapshotComplete: true };
      for await (const run of live) yield { epoch, runs: [run] };
    } finally {
      this.#watches.delete(live);
    }
  }

  claimRuns(requests: AsyncIterable<ClaimRunsRequest>, { signal }: CallContext): AsyncIterable<ClaimRunsResponse> {
    const answers = createPushStream<ClaimRunsResponse>(1_000, signal);
    const answerAll = async (): Promise<void> => {
      for await (const request of requests) {
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

  async #holdBack(held: Promise<void>): Promise<void> {
    this.heldAnswers += 1;
    await held;
    this.heldAnswers -= 1;
  }

  #answer({ correlationId, epoch, claims }: ClaimRunsRequest): ClaimRunsResponse {
    if (epoch === BigInt(this.epoch)) {
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
    const lease = { ref: { environmentId, runId, leaseToken: `token ${this.claimed.length}` }, traceparent };
    return create(ClaimResultSchema, { result: { case: "lease", value: lease } });
  }

  #tell(run: QueuedRun): void {
    for (const watch of this.#watches) watch.push(run);
  }
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
