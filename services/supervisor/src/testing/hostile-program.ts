// A worker that means harm: it speaks windlass.worker.v1 byte by byte, so nothing keeps it from saying what it likes. What it
// tries is said by the id of the task, and with what by the payload.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { actingFor } from "@windlass/chassis";
import {
  ExecutionService,
  RunService,
  SessionRequestSchema,
  SessionResponseSchema,
  type StartAttempt,
  TaskService,
  type WorkerMessageSchema,
} from "@windlass/proto";
import { CallFailure, type ClientChannel, createChannel, createClient, reasonName } from "@windlass/proto/grpc";

type Body = NonNullable<MessageInitShape<typeof WorkerMessageSchema>["body"]>;

const address = process.env["WINDLASS_WORKER_ADDRESS"] ?? "";
const token = process.env["WINDLASS_WORKER_TOKEN"] ?? "";
const asIs = (bytes: Buffer): Buffer => bytes;

const openRaw = (channel: ClientChannel) =>
  channel.grpc.makeBidiStreamRequest<Buffer, Buffer>(
    "/windlass.worker.v1.WorkerService/Session",
    asIs,
    asIs,
    channel.metadata,
  );
const encode = (...bodies: Body[]): Buffer =>
  Buffer.from(
    toBinary(SessionRequestSchema, create(SessionRequestSchema, { messages: bodies.map((body) => ({ body })) })),
  );

const session = openRaw(createChannel(address));
session.on("error", () => {});
const say = (...bodies: Body[]): boolean => session.write(encode(...bodies));
const log = (message: string): Body => ({ case: "log", value: { record: { message } } });
const done = ({ runId, payload }: StartAttempt): Body => ({
  case: "attemptFinished",
  value: { runId, result: { case: "output", value: payload ?? {} } },
});
const failureOf = (error: unknown): string => (error instanceof CallFailure ? reasonName(error.reason) : String(error));

/** What is said of a run that is not its own, each in its own way. */
function ofAnother(what: string, runId: string, attemptNumber: number): Body {
  switch (what) {
    case "started":
      return { case: "started", value: { runId } };
    case "cancelAck":
      return { case: "cancelAck", value: { runId } };
    case "suspend": {
      const id = "0190c0de-0000-7000-8000-000000000001";
      return { case: "suspend", value: { runId, wait: { id, kind: { case: "tokenId", value: "token_1" } } } };
    }
    case "describeRun":
      return { case: "describeRun", value: { runId, update: { addTags: ["mine"] } } };
    case "attemptFinished":
      return { case: "attemptFinished", value: { runId, result: { case: "output", value: {} } } };
    default:
      return { case: "hookResult", value: { hook: "run", attemptNumber: attemptNumber + 1 } };
  }
}

/** What no request may be. */
const requests: Record<string, () => Buffer> = {
  "no protobuf": () => Buffer.alloc(100, 0xff),
  "larger than 16 MB": () => encode(log("x".repeat(17 * 1024 * 1024))),
  "millions of empty messages": () => Buffer.alloc(12 * 1024 * 1024, Buffer.from([0x0a, 0])),
  "an output of more than 10 MB": () => {
    const data = new Uint8Array(10 * 1024 * 1024 + 1);
    return encode({ case: "attemptFinished", value: { runId, result: { case: "output", value: { data } } } });
  },
  "metadata of more than 256 KB": () =>
    encode({ case: "describeRun", value: { runId, update: { metadata: { data: new Uint8Array(256 * 1024 + 1) } } } }),
  "more than 500 hook results": () =>
    encode(
      ...Array.from({ length: 501 }, (): Body => ({ case: "hookResult", value: { hook: "run", attemptNumber: 1 } })),
    ),
};

let runId = "";
const canceled = Promise.withResolvers<void>();

/** Says the same for ever, as fast as it is read. */
async function flood(request: Buffer): Promise<never> {
  for (;;) if (!session.write(request)) await once(session, "drain");
}

interface Payload {
  readonly what?: string;
  readonly runId?: string;
  readonly environmentId?: string;
  readonly file?: string;
  readonly count?: number;
}

const tasks: Record<string, (start: StartAttempt, payload: Payload) => void | Promise<void>> = {
  "of another": ({ attemptNumber }, { what = "", runId: other = "" }) => {
    say(ofAnother(what, other, attemptNumber));
  },
  forge: async (start, { environmentId = "", runId: other = "" }) => {
    const channel = createChannel(address, { token });
    const forged = await createClient(TaskService, channel)
      .triggerTask({ trigger: { taskId: "child" } }, { metadata: actingFor(environmentId) })
      .then(({ run }) => run?.runId ?? "", failureOf);
    const reports = createClient(ExecutionService, channel).reportExecution();
    const ref = { environmentId: start.environment?.id ?? "", runId: other, leaseToken: token };
    reports.send({ body: { case: "work", value: { finished: [{ ref, attemptNumber: 1 }] } } });
    const reported = await reports.responses.next().then(() => "stored", failureOf);
    say(log(`triggered ${forged}`), log(`reported ${reported}`), done(start));
  },
  replay: async (start) => {
    const second = openRaw(createChannel(address));
    const heard: Buffer[] = [];
    second.on("data", (bytes: Buffer) => heard.push(bytes));
    second.write(encode({ case: "hello", value: { protocolVersion: 1, token } }));
    const ended = once(second, "end");
    second.on("error", () => {});
    await ended;
    say(log(`told ${heard.length} messages`), done(start));
  },
  "leave its token": (_, { file = "" }) => {
    writeFileSync(file, JSON.stringify({ address, token, pid: process.pid }));
  },
  send: async (_, { what = "" }) => {
    session.write(requests[what]?.() ?? Buffer.alloc(0));
  },
  "log for ever": () => flood(encode(...Array.from({ length: 1_000 }, () => log("x".repeat(100))))),
  "describe for ever": () => {
    say({ case: "started", value: { runId } });
    const update = { metadata: { data: new Uint8Array(1_000) } };
    return flood(
      encode(...Array.from({ length: 1_000 }, (): Body => ({ case: "describeRun", value: { runId, update } }))),
    );
  },
  "acknowledge for ever": async () => {
    say({ case: "started", value: { runId } });
    await canceled.promise;
    return flood(encode(...Array.from({ length: 1_000 }, (): Body => ({ case: "cancelAck", value: { runId } }))));
  },
  "open sessions": async (start, { count = 0 }) => {
    let channel = createChannel(address);
    for (let nth = 0; nth < count; nth += 1) {
      // A connection carries no more at once.
      if (nth % 500 === 499) channel = createChannel(address);
      openRaw(channel).on("error", () => {});
    }
    say(log("opened"), done(start));
  },
  call: async (start, { count = 0 }) => {
    const clients = [1, 2].map(() => createClient(RunService, createChannel(address, { token })));
    const refused = Promise.withResolvers<string>();
    let refusals = 0;
    for (let nth = 0; nth < count; nth += 1) {
      // As many as are let in stay open.
      clients[nth % 2]?.getRun({ runId: "left open" }).catch((error: unknown) => {
        refusals += 1;
        if (refusals === 100) refused.resolve(failureOf(error));
      });
    }
    say(log(`100 ${await refused.promise}`), done(start));
  },
  "never read": async () => {
    say({ case: "started", value: { runId } });
    session.pause();
  },
  "stop itself": () => {
    say({ case: "started", value: { runId } }, log(`pid ${process.pid}`));
    // What was said is on its way after a turn or two.
    setTimeout(() => process.kill(process.pid, "SIGSTOP"), 50);
  },
  "hold on": () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGCONT"] as const) process.on(signal, () => {});
    const child = spawn("/bin/sh", ["-c", "trap '' TERM HUP INT QUIT; while :; do sleep 1; done"], {
      stdio: "inherit",
    });
    say({ case: "started", value: { runId } }, log(`pid ${process.pid}`), log(`child ${child.pid}`));
  },
};

say({
  case: "hello",
  value: {
    protocolVersion: 1,
    token,
    language: "raw",
    sdk: "hostile",
    tasks: Object.keys(tasks).map((id) => ({ id })),
  },
});
// It never ends by itself, whatever it is told.
setInterval(() => {}, 1_000);
try {
  for await (const bytes of session as AsyncIterable<Buffer>) {
    for (const { body } of fromBinary(SessionResponseSchema, bytes).messages) {
      if (body.case === "cancel") canceled.resolve();
      if (body.case !== "startAttempt") continue;
      ({ runId } = body.value);
      const payload = JSON.parse(Buffer.from(body.value.payload?.data ?? []).toString()) as Payload;
      void tasks[body.value.taskId]?.(body.value, payload);
    }
  }
} catch {
  // The supervisor has ended the session, which is no reason to leave.
}
