import { type Clock, type Logger, type Timer } from "@windlass/chassis";
import {
  AttemptOutcome,
  type Hello,
  type RunError,
  RunErrorCode,
  type SupervisorMessage,
  type WorkerMessage,
} from "@windlass/proto";
import type { BundleCache, CachedBundle } from "./bundle-cache.ts";
import type { Driver, ProcessExit, WorkerProcess } from "./driver/driver.ts";
import type { AttemptEnd } from "./exit-policy.ts";
import { redactError, redactMessage } from "./redact-message.ts";
import { withHint, workerStartError } from "./run-errors.ts";
import type { SecretRedactor } from "./secret-redactor.ts";
import type { SessionServer } from "./session-server.ts";
import type { JudgedAttempt } from "./session-rules.ts";
import type { Variables } from "./variables.ts";
import type { WorkerKind } from "./worker-kind.ts";
import { boundRunError } from "./worker-limits.ts";
import type { SessionOwner, WorkerSession } from "./worker-session.ts";

/** What a worker needs of its supervisor. */
export interface WorkerDependencies {
  readonly bundles: BundleCache;
  readonly driver: Driver;
  readonly sessions: SessionServer;
  readonly variables: Variables;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Why a worker is gone. */
export interface WorkerEnd {
  /** How its process ended; absent when none was started. */
  readonly exit: ProcessExit | undefined;
  /** What that means for those who waited for it; absent when it had become ready, or was not wanted any more. */
  readonly startFailure: AttemptEnd | undefined;
}

/** Who a worker tells. */
export interface WorkerEvents {
  /** It has said Hello and is idle. */
  onReady(worker: Worker): void;
  /** It said something that the protocol allows. */
  onMessage(worker: Worker, message: WorkerMessage): void;
  /** It broke the protocol, and is being killed. */
  onViolation(worker: Worker, violation: string): void;
  /** Its process group is gone, and all that it had said has been told. The last word, once. */
  onGone(worker: Worker, end: WorkerEnd): void;
}

/** grpc-js ends a call whose caller sends more than that at once, and does not tell us why. */
const sessionEnded = "it ended its session, or sent a message larger than 16 MB";
/** A start takes no longer at the cost of others, whatever code it is that is being loaded. */
const startPowerLimitMs = 3_000;
const startLimitMs = 20_000;
/** A worker whose session is over ends by itself; later than this it has to be ended. */
const sessionlessLimitMs = 1_000;
/** What a gone process had said is in our own memory; reading it takes no longer than this. */
const readOutLimitMs = 1_000;
const shutdownLimitMs = 3_000;

/** One worker process from its start to its end: bundle, process group and session as one thing. */
export class Worker implements SessionOwner {
  readonly id: string;
  readonly kind: WorkerKind;
  readonly startedMs: number;
  /** suspended: its process is stopped where it is, with an attempt that waits. */
  state: "starting" | "idle" | "busy" | "suspended" | "ending" = "starting";
  /** Whether it has ever been idle; one that has not and is ending failed to start. */
  wasReady = false;
  idleSinceMs = 0;
  /** Until then it stays with its kind (see pool-plan.ts). Unless it is worn. */
  tenureEndMs = 0;
  runs = 0;
  residentBytes: number | undefined;
  /** Set when it was killed because it was seen to use more memory than its machine has. */
  excessBytes: number | undefined;

  readonly #dependencies: WorkerDependencies;
  readonly #events: WorkerEvents;
  readonly #killed = Promise.withResolvers<"killed">();
  readonly #gone = Promise.withResolvers<void>();
  readonly #sessionEnded = Promise.withResolvers<void>();
  readonly #timers = new Set<Timer>();
  #taskIds: ReadonlySet<string> = new Set();
  #process: WorkerProcess | undefined;
  #session: WorkerSession | undefined;
  #startFailure: AttemptEnd | undefined;
  /** Set before it knows any secrets. */
  #redactor: SecretRedactor | undefined;
  #isKilled = false;
  #hasExited = false;

  constructor(identity: { id: string; kind: WorkerKind }, dependencies: WorkerDependencies, events: WorkerEvents) {
    this.id = identity.id;
    this.kind = identity.kind;
    this.#dependencies = dependencies;
    this.#events = events;
    this.startedMs = dependencies.clock.monotonicMs();
    void this.#live();
  }

  /** Resolves after `onGone`. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get sandboxTier(): string {
    return this.#dependencies.driver.sandboxTier;
  }

  get environmentId(): string {
    return this.kind.environmentId;
  }

  /** What the code it loads shall find in its environment. */
  async readVariables(): Promise<Readonly<Record<string, string>>> {
    const { environmentId, variablesRevision } = this.kind;
    const { values, redactor } = await this.#dependencies.variables.read(environmentId, variablesRevision);
    this.#redactor = redactor;
    return values;
  }

  hasTask(taskId: string): boolean {
    return this.#taskIds.has(taskId);
  }

  /** Hands it an attempt. False when it cannot be told, which its end follows. */
  begin(attempt: JudgedAttempt, start: SupervisorMessage["body"]): boolean {
    this.state = "busy";
    this.runs += 1;
    if (this.#session === undefined) return false;
    this.#session.attempt = attempt;
    this.#process?.forgetOutput();
    return this.#session.send(start);
  }

  /** Its attempt has ended; it can have another. */
  rest(): void {
    this.idleSinceMs = this.#dependencies.clock.monotonicMs();
    if (this.state === "busy") this.state = "idle";
    if (this.#session !== undefined) this.#session.attempt = undefined;
  }

  send(body: SupervisorMessage["body"]): void {
    this.#session?.send(body);
  }

  /** Asks for a sign of life, unless one is still awaited. */
  ping(id: bigint): void {
    if (this.#session === undefined || this.#session.pingId !== undefined) return;
    this.#session.pingId = id;
    this.#session.send({ case: "ping", value: { $typeName: "windlass.worker.v1.Ping", id } });
  }

  /** Ends it while it has no attempt: it is asked to, and killed if it does not. */
  retire(): void {
    if (this.state === "ending") return;
    this.state = "ending";
    const asked = this.#session?.send({
      case: "shutdown",
      value: { $typeName: "windlass.worker.v1.Shutdown" },
    });
    if (asked === true) this.#after(shutdownLimitMs, () => this.kill());
    else this.kill();
  }

  /** Stops its process group while its attempt waits. */
  suspend(): void {
    if (this.state !== "busy") return;
    this.state = "suspended";
    this.#process?.suspend();
  }

  /** Lets its process group go on. */
  resume(): void {
    if (this.state !== "suspended") return;
    this.state = "busy";
    this.#process?.resume();
  }

  /** Ends it because it uses so much memory, which is more than its machine has. */
  killForMemory(residentBytes: number): void {
    this.excessBytes ??= residentBytes;
    this.kill();
  }

  /** Ends it now, with everything it forked. `onGone` tells when nothing of it executes any more. */
  kill(): void {
    this.state = "ending";
    this.#isKilled = true;
    this.#killed.resolve("killed");
    this.#process?.kill();
  }

  async measure(): Promise<void> {
    this.residentBytes = await this.#process?.residentBytes();
  }

  onHello(hello: Hello, session: WorkerSession): void {
    this.#session = session;
    if (this.state !== "starting" || this.#hasExited) return;
    this.#process?.endStart();
    if (hello.importError !== undefined) {
      const error = withHint({ ...this.#boundError(hello.importError), code: RunErrorCode.TASK_IMPORT_ERROR });
      this.#failStart({ outcome: AttemptOutcome.LOST, error, retry: "never" });
      return;
    }
    this.#taskIds = new Set(hello.tasks.map(({ id }) => id));
    this.state = "idle";
    this.wasReady = true;
    this.idleSinceMs = this.#dependencies.clock.monotonicMs();
    this.#events.onReady(this);
  }

  onMessage(message: WorkerMessage): void {
    if (message.body.case === "pong" && this.#session !== undefined) this.#session.pingId = undefined;
    if (this.#redactor !== undefined) redactMessage(message, this.#redactor);
    this.#events.onMessage(this, message);
  }

  onViolation(violation: string): void {
    if (this.state === "starting")
      this.#failStart(lost(workerStartError(`its worker broke the protocol, ${violation}`)));
    else if (this.#process !== undefined) this.#events.onViolation(this, violation);
    this.kill();
  }

  onEnd(): void {
    this.#sessionEnded.resolve();
    if (!this.#hasExited) this.#after(sessionlessLimitMs, () => this.onViolation(sessionEnded));
  }

  async #live(): Promise<void> {
    this.#after(startLimitMs, () => {
      if (this.state === "starting")
        this.#failStart(lost(workerStartError(`it said no hello within ${startLimitMs} ms`)));
    });
    const { token, forget } = this.#dependencies.sessions.expect(this);
    const bundle = await this.#obtainBundle();
    const exit = bundle === undefined ? undefined : await this.#execute(bundle, token);
    forget();
    bundle?.release();
    if (this.state === "starting" && exit !== undefined) this.#startFailure ??= exitedAtStart(exit);
    this.state = "ending";
    for (const timer of this.#timers) timer.cancel();
    this.#events.onGone(this, { exit, startFailure: withLastWords(this.#startFailure, exit) });
    this.#gone.resolve();
  }

  /** Undefined when it cannot be had, or the worker is not wanted any more. */
  async #obtainBundle(): Promise<CachedBundle | undefined> {
    const acquired = this.#dependencies.bundles.acquire(this.kind.bundleHash);
    try {
      const first = await Promise.race([acquired, this.#killed.promise]);
      if (first !== "killed") return first;
      acquired.then(
        (bundle) => bundle.release(),
        () => {},
      );
    } catch (error) {
      this.#dependencies.logger.error("cannot get a bundle", {
        workerId: this.id,
        bundleHash: this.kind.bundleHash,
        error,
      });
      this.#failStart(lost(workerStartError(`its bundle cannot be used, ${(error as Error).message}`)));
    }
    return undefined;
  }

  /** From start to end of the process; undefined when there never was one. */
  async #execute(bundle: CachedBundle, token: string): Promise<ProcessExit | undefined> {
    const { driver, sessions, logger } = this.#dependencies;
    try {
      this.#process = await driver.start(this.id, {
        bundleDir: bundle.dir,
        entryPoint: bundle.entryPoint,
        runtime: bundle.runtime,
        machine: this.kind.machine,
        address: sessions.address,
        token,
      });
    } catch (error) {
      logger.error("cannot start a worker", { workerId: this.id, bundleHash: this.kind.bundleHash, error });
      this.#failStart(lost(workerStartError(`its program cannot be executed, ${(error as Error).message}`)));
      return undefined;
    }
    // It may have become unwanted while it was being started.
    if (this.#isKilled) this.#process.kill();
    this.#after(startPowerLimitMs, () => this.#process?.endStart());
    const exit = this.#redactExit(await this.#process.exited);
    this.#hasExited = true;
    if (exit.output !== "") logger.debug("worker output", { workerId: this.id, output: exit.output });
    if (this.state === "idle") this.state = "ending";
    if (this.#session !== undefined) {
      this.#session.processGone();
      const limit = Promise.withResolvers<void>();
      this.#after(readOutLimitMs, limit.resolve);
      await Promise.race([this.#sessionEnded.promise, limit.promise]);
      this.#session.close();
    }
    return exit;
  }

  #boundError(error: RunError): RunError {
    return this.#redactor === undefined ? boundRunError(error) : redactError(error, this.#redactor);
  }

  #redactExit(exit: ProcessExit): ProcessExit {
    if (this.#redactor === undefined || exit.output === "") return exit;
    return { ...exit, output: this.#redactor.redactTail(exit.output) };
  }

  #failStart(failure: AttemptEnd): void {
    this.#startFailure ??= failure;
    this.kill();
  }

  #after(ms: number, act: () => void): void {
    const timer = this.#dependencies.clock.setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}

/** What it wrote while it started says why it failed to. */
function withLastWords(failure: AttemptEnd | undefined, exit: ProcessExit | undefined): AttemptEnd | undefined {
  if (failure === undefined || exit === undefined || exit.output === "") return failure;
  return { ...failure, exit };
}

function lost(error: RunError): AttemptEnd {
  return { outcome: AttemptOutcome.LOST, error, retry: "by-policy" };
}

function exitedAtStart(exit: ProcessExit): AttemptEnd {
  const how = exit.signal === undefined ? `exited with code ${exit.exitCode}` : `was ended by ${exit.signal}`;
  const fields = exit.output === "" ? undefined : { output: exit.output.slice(-2_000) };
  return lost(workerStartError(`its process ${how} before it said hello`, fields));
}
