import { once } from "node:events";
import { create } from "@bufbuild/protobuf";
import { type Clock, createGrpcServer, type GrpcServer, internalAuthenticator } from "@windlass/chassis";
import {
  type ApplyDueRequest,
  type DueItem,
  DueExpirySchema,
  DueItemSchema,
  DueRunSchema,
  DueScheduleSchema,
  DueService,
  DueSupervisorSchema,
  DueTokenSchema,
  type ListDueRequest,
  type WatchDueRequest,
} from "@windlass/proto";
import { type CallContext, createPushStream, type PushStream, type ServiceImplementation } from "@windlass/proto/grpc";
import { dueKey } from "../due-key.ts";
import { internalToken, silentLogger, untraced } from "./parts.ts";

/** A run-store that has nothing but due times, in memory, behind a real gRPC server. Its clock is the test's. */
export interface FakeDueStore extends AsyncDisposable {
  /** Stays the same when it goes away and comes back. */
  readonly address: string;
  /** Makes runs due, the given time from now; told to the watchers unless `isLost`. Returns their ids. */
  addRuns(dueInMs: number, count?: number, options?: { isLost: boolean }): string[];
  /** Registers or renews a supervisor: its lease runs out the given time from now. */
  addSupervisor(supervisorId: string, dueInMs: number): void;
  /** Makes a token that times out the given time from now; told to the watchers. */
  addToken(environmentId: string, tokenId: string, dueInMs: number): void;
  /** Makes a schedule that ticks the given time from now, and again after each interval; told to the watchers. */
  addSchedule(scheduleId: string, dueInMs: number, intervalMs: number): void;
  /** Makes a run that expires the given time from now; told to the watchers. */
  addExpiry(runId: string, dueInMs: number): void;
  /** Moves the expiry of a supervisor, without telling anybody. */
  renew(supervisorId: string, dueInMs: number): void;
  /** What was applied, in order: names of runs, supervisors and schedules, tokens as "environment/token", and "run expires". */
  readonly applied: readonly string[];
  /** How many items each ApplyDue named. */
  readonly batchSizes: readonly number[];
  /** How often a listing was begun. */
  readonly listings: number;
  /** Watches open just now. */
  readonly watches: number;
  /** What ApplyDue throws, if anything, before it does anything. */
  refusal: ((items: readonly DueItem[]) => Error | undefined) | undefined;
  /** ApplyDue answers only after the returned function is called. */
  holdApply(): () => void;
  /** Goes away in the middle of everything; what it stores stays. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

/** Starts one on a free port of the loopback interface. */
export async function startFakeDueStore(clock: Clock): Promise<FakeDueStore> {
  const store = new InMemoryDueStore(clock);
  await store.comeBack();
  return store;
}

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly item: DueItem["item"];
  dueMs: number;
}

class InMemoryDueStore implements FakeDueStore, ServiceImplementation<typeof DueService> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Of schedules, by their names. */
  readonly #intervals = new Map<string, number>();
  readonly #watches = new Set<PushStream<DueItem[]>>();
  #server: GrpcServer | undefined;
  #held: Promise<void> | undefined;
  #runCount = 0;
  address = "127.0.0.1:0";
  readonly applied: string[] = [];
  readonly batchSizes: number[] = [];
  listings = 0;
  refusal: ((items: readonly DueItem[]) => Error | undefined) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get watches(): number {
    return this.#watches.size;
  }

  addRuns(dueInMs: number, count = 1, { isLost } = { isLost: false }): string[] {
    const runIds = Array.from(
      { length: count },
      (_, index) => `run_${String(this.#runCount + index).padStart(6, "0")}`,
    );
    this.#runCount += count;
    const items = runIds.map((runId) =>
      this.#add(runId, { case: "run", value: create(DueRunSchema, { environmentId: "env", runId }) }, dueInMs),
    );
    if (!isLost) this.#tell(items);
    return runIds;
  }

  addSupervisor(supervisorId: string, dueInMs: number): void {
    this.#tell([
      this.#add(supervisorId, { case: "supervisor", value: create(DueSupervisorSchema, { supervisorId }) }, dueInMs),
    ]);
  }

  addToken(environmentId: string, tokenId: string, dueInMs: number): void {
    const value = create(DueTokenSchema, { environmentId, tokenId });
    this.#tell([this.#add(`${environmentId}/${tokenId}`, { case: "token", value }, dueInMs)]);
  }

  addSchedule(scheduleId: string, dueInMs: number, intervalMs: number): void {
    const value = create(DueScheduleSchema, { environmentId: "env", scheduleId });
    this.#intervals.set(scheduleId, intervalMs);
    this.#tell([this.#add(scheduleId, { case: "schedule", value }, dueInMs)]);
  }

  addExpiry(runId: string, dueInMs: number): void {
    const value = create(DueExpirySchema, { environmentId: "env", runId });
    this.#tell([this.#add(`${runId} expires`, { case: "expiry", value }, dueInMs)]);
  }

  renew(supervisorId: string, dueInMs: number): void {
    const entry = this.#entries.get(`supervisor/${supervisorId}`);
    if (entry === undefined) throw new Error(`${supervisorId} is unknown`);
    entry.dueMs = this.#clock.monotonicMs() + dueInMs;
  }

  holdApply(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async comeBack(): Promise<void> {
    this.#server = createGrpcServer({
      address: this.address,
      logger: silentLogger,
      telemetry: untraced,
      authenticate: internalAuthenticator(internalToken),
    });
    this.#server.add(DueService, this);
    await this.#server.start();
    this.address = this.#server.address;
  }

  async goAway(): Promise<void> {
    await this.#server?.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.goAway();
  }

  /** The page token is how many entries the pages before had skipped or shown: good enough while nothing is applied between pages. */
  listDue({ horizonMs, pageSize, pageToken }: ListDueRequest) {
    if (pageToken === "") this.listings += 1;
    const limitMs = this.#clock.monotonicMs() + Number(horizonMs);
    const [afterMs = -Infinity, afterKey = ""] = pageToken === "" ? [] : splitToken(pageToken);
    const listed = [...this.#entries.values()]
      .filter(({ dueMs, key }) => dueMs <= limitMs && (dueMs > afterMs || (dueMs === afterMs && key > afterKey)))
      .toSorted((a, b) => a.dueMs - b.dueMs || (a.key < b.key ? -1 : 1));
    const page = listed.slice(0, pageSize);
    const last = page.at(-1);
    const nextPageToken = listed.length > page.length && last !== undefined ? `${last.dueMs} ${last.key}` : "";
    return Promise.resolve({ items: page.map((entry) => this.#itemOf(entry)), nextPageToken });
  }

  async *watchDue({ horizonMs }: WatchDueRequest, { signal }: CallContext) {
    const notices = createPushStream<DueItem[]>(10_000, signal);
    this.#watches.add(notices);
    try {
      for await (const items of notices) yield { items: items.filter(({ dueInMs }) => dueInMs <= horizonMs) };
    } finally {
      this.#watches.delete(notices);
    }
  }

  async applyDue({ items }: ApplyDueRequest, { signal }: CallContext) {
    const refusal = this.refusal?.(items);
    if (refusal !== undefined) throw refusal;
    this.batchSizes.push(items.length);
    const postponed: DueItem[] = [];
    for (const item of items) {
      const entry = this.#entries.get(dueKey(item) ?? "");
      if (entry === undefined) continue;
      if (entry.dueMs > this.#clock.monotonicMs()) {
        postponed.push(this.#itemOf(entry));
        continue;
      }
      this.applied.push(entry.name);
      const intervalMs = this.#intervals.get(entry.name);
      if (intervalMs === undefined) this.#entries.delete(entry.key);
      else {
        entry.dueMs += intervalMs;
        postponed.push(this.#itemOf(entry));
      }
    }
    const applied = items.length - postponed.length;
    if (this.#held !== undefined) await Promise.race([this.#held, once(signal, "abort")]);
    return { applied, postponed };
  }

  #add(name: string, item: DueItem["item"], dueInMs: number): DueItem {
    const key = dueKey(create(DueItemSchema, { item })) ?? "";
    const entry = { key, name, item, dueMs: this.#clock.monotonicMs() + dueInMs };
    this.#entries.set(key, entry);
    return this.#itemOf(entry);
  }

  #itemOf({ item, dueMs }: Entry): DueItem {
    return create(DueItemSchema, { item, dueInMs: BigInt(Math.ceil(dueMs - this.#clock.monotonicMs())) });
  }

  #tell(items: DueItem[]): void {
    for (const watch of this.#watches) watch.push(items);
  }
}

function splitToken(pageToken: string): [number, string] {
  const space = pageToken.indexOf(" ");
  return [Number(pageToken.slice(0, space)), pageToken.slice(space + 1)];
}
