import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Clock } from "@windlass/chassis";
import { type SessionRequest, SessionRequestSchema, type StartAttempt, WorkerMessageSchema } from "@windlass/proto";
import { createPushStream, type PushStream } from "@windlass/proto/grpc";
import type { ProcessExit } from "../driver/driver.ts";
import { createGate } from "../gate.ts";
import type { WorkerDependencies } from "../worker.ts";
import { type SessionOwner, WorkerSession } from "../worker-session.ts";
import { testLogger } from "./start-peer.ts";

/** A worker without a process: it says hello and ends attempts when a test wants it to. */
export interface FakeWorker {
  readonly id: string;
  /** What it executes. */
  readonly attempt: StartAttempt | undefined;
  readonly hasSaidHello: boolean;
  /** Whether it has no more of the processors than its machine any more. */
  readonly isStartEnded: boolean;
  readonly isGone: boolean;
  sayHello(): void;
  /** Ends its attempt; a worker that is to be discarded asks to be. */
  finish(discardWorker?: boolean): void;
  crash(): void;
}

/** Everything that workers need, in memory: nothing happens but by a test's will. Tasks of every worker: "echo". */
export function createFakeWorkers(clock: Clock): { dependencies: WorkerDependencies; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const owners = new Map<string, SessionOwner>();
  let tokens = 0;

  function start(id: string, token: string) {
    const exited = Promise.withResolvers<ProcessExit>();
    const requests: PushStream<SessionRequest> = createPushStream(1_000);
    const session = new WorkerSession((asked) => owners.get(asked), createGate(), clock);
    const state = {
      attempt: undefined as StartAttempt | undefined,
      hasSaidHello: false,
      isStartEnded: false,
      isGone: false,
    };
    const say = (body: NonNullable<MessageInitShape<typeof WorkerMessageSchema>["body"]>) =>
      requests.push(create(SessionRequestSchema, { messages: [create(WorkerMessageSchema, { body })] }));

    function exit(how: Partial<ProcessExit>): void {
      if (state.isGone) return;
      state.isGone = true;
      state.attempt = undefined;
      requests.end();
      exited.resolve({ wasKilled: false, output: "", ...how });
    }

    async function listen(): Promise<void> {
      for await (const { messages } of session.responses) {
        for (const { body } of messages) {
          if (body.case === "startAttempt") state.attempt = body.value;
          else if (body.case === "shutdown") exit({ exitCode: 0 });
        }
      }
    }

    void session.read(requests);
    void listen();
    workers.push({
      id,
      get attempt() {
        return state.attempt;
      },
      get hasSaidHello() {
        return state.hasSaidHello;
      },
      get isStartEnded() {
        return state.isStartEnded;
      },
      get isGone() {
        return state.isGone;
      },
      sayHello() {
        if (state.isGone || state.hasSaidHello) return;
        state.hasSaidHello = true;
        say({
          case: "hello",
          value: { protocolVersion: 1, token, language: "test", sdk: "test", tasks: [{ id: "echo" }] },
        });
      },
      finish(discardWorker = false) {
        if (state.attempt === undefined) return;
        const { runId } = state.attempt;
        state.attempt = undefined;
        say({ case: "started", value: { runId } });
        say({ case: "attemptFinished", value: { runId, discardWorker, result: { case: "output", value: {} } } });
      },
      crash: () => exit({ exitCode: 1 }),
    });
    return {
      pid: workers.length,
      exited: exited.promise,
      kill: () => exit({ signal: "SIGKILL", wasKilled: true }),
      endStart: () => void (state.isStartEnded = true),
      suspend() {},
      resume() {},
      forgetOutput() {},
      residentBytes: () => Promise.resolve(undefined),
    };
  }

  const dependencies: WorkerDependencies = {
    clock,
    logger: testLogger,
    variables: { read: () => Promise.resolve({ values: {}, redactor: undefined }) },
    bundles: {
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      acquire: () => Promise.resolve({ dir: "/", entryPoint: "x", runtime: "node", release() {} }),
    },
    driver: { sandboxTier: "process", start: (id, { token }) => Promise.resolve(start(id, token)) },
    sessions: {
      name: "sessions",
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      address: "unix:/nowhere",
      expect(owner) {
        tokens += 1;
        const token = `token-${tokens}`;
        owners.set(token, owner);
        return { token, forget: () => void owners.delete(token) };
      },
    },
  };
  return { dependencies, workers };
}
