// A worker that speaks windlass.worker.v1, honestly or not: what it does is said by the id of the task, and what it does
// before it has one by `globalThis.startsBy`, which its bundle's entry point sets.
import { spawn } from "node:child_process";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  HookOutcome,
  HookScope,
  LogLevel,
  RunErrorCode,
  type RunErrorSchema,
  SessionRequestSchema,
  RunService,
  type StartAttempt,
  TaskService,
  WaitSchema,
  WorkerMessageSchema,
  WorkerService,
} from "@windlass/proto";
import { CallFailure, createChannel, createClient, reasonName } from "@windlass/proto/grpc";

export type StartsBy = "saying-hello" | "silence" | "wrong-token" | "import-error" | "exiting" | "old-protocol";

type Body = NonNullable<MessageInitShape<typeof WorkerMessageSchema>["body"]>;

const startsBy = (globalThis as { startsBy?: StartsBy }).startsBy ?? "saying-hello";
if (startsBy === "exiting") {
  console.error("cannot load native addon");
  process.exit(9);
}

const channel = createChannel(process.env["WINDLASS_WORKER_ADDRESS"] ?? "");
const call = createClient(WorkerService, channel).session();
const send = (...bodies: Body[]) =>
  call.send(create(SessionRequestSchema, { messages: bodies.map((body) => ({ body })) }));
const now = () => timestampFromMs(Date.now());

let current: StartAttempt | undefined;
let staysAlive = false;

const started = (): Body => ({ case: "started", value: { runId: current?.runId ?? "", time: now() } });
const hookResult = (name: string) => ({
  hook: name,
  scope: HookScope.TASK,
  attemptNumber: current?.attemptNumber ?? 0,
  outcome: HookOutcome.OK,
  startTime: now(),
  duration: durationFromMs(1),
});
const hook = (name: string): Body => ({ case: "hookResult", value: hookResult(name) });
const log = (message: string): Body => ({
  case: "log",
  value: { time: now(), record: { level: LogLevel.INFO, message } },
});

function finish(result: "payload" | RunErrorCode, extra: { discardWorker?: boolean; runId?: string } = {}): Body {
  const { runId = "", payload } = current ?? {};
  current = undefined;
  const value = { runId, time: now(), ...extra };
  if (result === "payload") {
    return { case: "attemptFinished", value: { ...value, result: { case: "output", value: payload ?? {} } } };
  }
  const error = { code: result, name: "Error", message: "boom" };
  return { case: "attemptFinished", value: { ...value, result: { case: "failure", value: { error } } } };
}

/** What the payload says: a wait as WaitSchema takes it, or `untilMs` from now. */
interface WaitPayload {
  readonly id: string;
  readonly untilMs?: number;
  readonly kind?: MessageInitShape<typeof WaitSchema>["kind"];
}

function waitOf(attempt: StartAttempt): MessageInitShape<typeof WaitSchema> {
  const { id, untilMs, kind } = JSON.parse(Buffer.from(attempt.payload?.data ?? []).toString()) as WaitPayload;
  if (untilMs === undefined) return { id, ...(kind !== undefined && { kind }) };
  return { id, kind: { case: "until", value: timestampFromMs(Date.now() + untilMs) } };
}

const suspend = (attempt: StartAttempt, runId = attempt.runId): Body => ({
  case: "suspend",
  value: { runId, wait: waitOf(attempt) },
});

/** Calls of the cluster by way of the supervisor, one log line for what came of each. */
async function callCluster(): Promise<void> {
  const address = process.env["WINDLASS_WORKER_ADDRESS"] ?? "";
  const store = createChannel(address, { token: process.env["WINDLASS_WORKER_TOKEN"] });
  const [taskService, runService] = [createClient(TaskService, store), createClient(RunService, store)];
  const failure = (error: unknown) =>
    error instanceof CallFailure
      ? `${reasonName(error.reason)} ${error.violations[0]?.field ?? ""}`.trim()
      : String(error);
  const trigger = (taskId: string) =>
    taskService.triggerTask({ trigger: { taskId } }).then(({ run }) => run?.runId ?? "", failure);
  send(log(await trigger("child")), log(await trigger("refused")));

  const stream = taskService.triggerTasks();
  for (let nth = 1; nth <= 3; nth += 1) {
    stream.send({ correlationId: BigInt(nth), triggers: [{ taskId: "x".repeat(500_000) }] });
  }
  stream.end();
  const answers: bigint[] = [];
  for await (const { correlationId } of stream.responses) answers.push(correlationId);
  send(log(`answered ${answers.join(" ")}`));

  let events = 0;
  for await (const message of runService.watchRun({ runId: "r" })) events += message.events.length;
  send(log(`watched ${events}`));
  send(log(await runService.getRun({ runId: "r" }, { timeoutMs: 100 }).then(() => "read", failure)));

  const stranger = createClient(TaskService, createChannel(address, { token: "guess" }));
  send(log(await stranger.triggerTask({}).then(() => "let in", failure)));
  // Left open: it ends with the process.
  runService.getRun({ runId: "left open" }).catch(() => {});
  send(log("called"));
}

const told = (secret: string, error: RunErrorInit): Body[] => [
  started(),
  {
    case: "log",
    value: {
      time: now(),
      record: { level: LogLevel.INFO, message: `it is ${secret}`, attributesJson: JSON.stringify({ a: [secret] }) },
    },
  },
  { case: "hookResult", value: { ...hookResult("onStart"), name: secret, outcome: HookOutcome.FAILED, error } },
];

const leakedOutput = (secret: string): Body => ({
  case: "attemptFinished",
  value: {
    runId: current?.runId ?? "",
    time: now(),
    result: {
      case: "output",
      value: { data: Buffer.from(JSON.stringify(secret)), contentType: "application/json" },
    },
  },
});

type RunErrorInit = MessageInitShape<typeof RunErrorSchema>;

/** The variable TOKEN, and an error that tells it everywhere. */
async function leak(): Promise<[string, RunErrorInit]> {
  const config = createClient(WorkerService, channel);
  const { environmentVariables } = await config.getWorkerConfig({ token: process.env["WINDLASS_WORKER_TOKEN"] ?? "" });
  const secret = environmentVariables["TOKEN"] ?? "";
  const cause = { code: RunErrorCode.TASK_ERROR, name: secret, message: secret, stack: secret };
  const fieldsJson = JSON.stringify({ request: { authorization: `Bearer ${secret}` } });
  return [secret, { ...cause, hint: secret, fieldsJson, causes: [{ ...cause, fieldsJson }] }];
}

const tasks: Record<string, (attempt: StartAttempt) => void> = {
  wait: (attempt) => send(started(), log(`pid ${process.pid}`), suspend(attempt)),
  "wait-unstarted": (attempt) => send(suspend(attempt)),
  "wait-twice": (attempt) => send(started(), suspend(attempt), suspend(attempt)),
  "wait-of-another": (attempt) => send(started(), suspend(attempt, "run_other")),
  "wait-for-nothing": (attempt) => send(started(), { case: "suspend", value: { runId: attempt.runId } }),
  "wait-and-fail": (attempt) =>
    send(started(), suspend(attempt), finish(RunErrorCode.UNCAUGHT_EXCEPTION, { discardWorker: true })),
  "wait-loudly": (attempt) => {
    send(started(), log(`pid ${process.pid}`), suspend(attempt));
    setInterval(() => send(log("still here")), 5);
  },
  call: () => {
    send(started());
    void callCluster();
  },
  configured: () => {
    const config = createClient(WorkerService, channel);
    void config
      .getWorkerConfig({ token: process.env["WINDLASS_WORKER_TOKEN"] ?? "" })
      .then(({ environmentVariables }) =>
        send(started(), log(JSON.stringify(environmentVariables)), finish("payload")),
      );
  },
  leak: () => void leak().then(([secret, error]) => send(...told(secret, error), leakedOutput(secret))),
  "leak-and-throw": () =>
    void leak().then(([secret, error]) => {
      const value = {
        runId: current?.runId ?? "",
        time: now(),
        result: { case: "failure" as const, value: { error } },
      };
      send(...told(secret, error), { case: "attemptFinished", value });
    }),
  "leak-and-exit": () =>
    void leak().then(([secret]) => {
      process.stdout.write(secret.slice(0, 5), () =>
        process.stderr.write("", () => process.stdout.write(secret.slice(5), () => process.exit(4))),
      );
    }),
  described: ({ runId, machine, maxDuration, isCompletionTold }) => {
    const metadata = (count: number) => ({
      data: Buffer.from(JSON.stringify({ count })),
      contentType: "application/json",
    });
    const describe = (update: { metadata?: ReturnType<typeof metadata>; addTags?: string[] }): Body => ({
      case: "describeRun",
      value: { runId, update },
    });
    send(started(), log(JSON.stringify({ machine, seconds: Number(maxDuration?.seconds ?? 0n), isCompletionTold })));
    send(describe({ metadata: metadata(1), addTags: ["a"] }), describe({ metadata: metadata(2), addTags: ["b", "a"] }));
    send(finish("payload"));
  },
  "timed-out": () => send(started(), finish(RunErrorCode.MAX_DURATION_EXCEEDED)),
  "handle-error": () => send(started(), finish(RunErrorCode.HANDLE_ERROR_ERROR)),
  buffers: () => {
    send(started());
    const kept: Buffer[] = [];
    setInterval(() => kept.length < 8 && kept.push(Buffer.alloc(50 * 1024 * 1024, 1)), 5);
  },
  echo: () => send(started(), hook("run"), finish("payload")),
  fail: () => send(started(), hook("run"), finish(RunErrorCode.TASK_ERROR)),
  uncaught: () => send(started(), finish(RunErrorCode.UNCAUGHT_EXCEPTION, { discardWorker: true })),
  hang: () => send(started()),
  "hang-unacknowledged": () => send(started(), log(`pid ${process.pid}`)),
  loop: () => {
    send(started(), log(`pid ${process.pid}`));
    // The stream is written by a microtask or two: let that happen before nothing happens any more.
    setTimeout(() => {
      for (;;);
    }, 20);
  },
  exit: () => {
    console.error("last words");
    process.exit(3);
  },
  "exit-wordily": ({ payload }) => {
    process.stdout.write(`${"x".repeat(100_000)}${Buffer.from(payload?.data ?? []).toString()}`);
    process.exit(4);
  },
  whisper: () => {
    console.error("for the first attempt only");
    send(started(), finish("payload"));
  },
  signal: () => {
    send(started());
    setTimeout(() => process.kill(process.pid, "SIGSEGV"), 20);
  },
  oom: () => {
    send(started());
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from<number>({ length: 1_000_000 }).fill(kept.length));
  },
  fork: () => {
    const child = spawn("/bin/sh", ["-c", "trap '' TERM HUP INT; while :; do sleep 1; done"], { stdio: "ignore" });
    send(started(), log(`forked ${child.pid}`));
  },
  environment: () => send(started(), log(JSON.stringify({ env: process.env, cwd: process.cwd() })), finish("payload")),
  "other-run": () => send(finish("payload", { runId: "run_other" })),
  "no-messages": () => send(),
  flood: () => {
    send(started());
    for (let nth = 0; nth < 120; nth += 1) send(...Array.from({ length: 100 }, () => log("x".repeat(1_000))));
    send(finish("payload"));
  },
  "end-session": () => {
    staysAlive = true;
    call.end();
  },
};

if (startsBy === "silence") {
  setInterval(() => {}, 1_000);
} else {
  send({
    case: "hello",
    value: {
      protocolVersion: startsBy === "old-protocol" ? 0 : 1,
      token: startsBy === "wrong-token" ? "guess" : (process.env["WINDLASS_WORKER_TOKEN"] ?? ""),
      language: "typescript",
      sdk: "test",
      tasks: startsBy === "import-error" ? [] : Object.keys(tasks).map((id) => ({ id })),
      ...(startsBy === "import-error" && { importError: { name: "SyntaxError", message: "Unexpected token" } }),
    },
  });
}

try {
  for await (const { messages } of call.responses) {
    for (const { body } of messages) {
      switch (body.case) {
        case "startAttempt":
          current = body.value;
          tasks[body.value.taskId]?.(body.value);
          break;
        case "cancel":
          if (current === undefined || current.taskId === "hang-unacknowledged") break;
          send({ case: "cancelAck", value: { runId: body.value.runId } });
          if (current.taskId === "hang" || current.taskId === "wait") {
            send(hook("onCancel"), hook("run"), finish("payload"));
          }
          break;
        case "resume":
          send(log(`resumed ${body.value.waitId}`), hook("onResume"), finish("payload"));
          break;
        case "ping":
          send({ case: "pong", value: { id: body.value.id, loopLag: durationFromMs(1) } });
          break;
        case "shutdown":
          process.exit(0);
      }
    }
  }
} finally {
  if (staysAlive) setInterval(() => {}, 1_000);
  else process.exit(0);
}
