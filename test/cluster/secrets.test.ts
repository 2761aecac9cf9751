// A canary: tasks that let a secret out in every way there is, and then a look into everything that was written.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { configure, envvars, type RunEvent, type RunSnapshot, runs, tasks, wait } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createScratchDirectory, processesOf, startCluster, type TestCluster, waitFor } from "../kit/index.ts";
import { columnsWith, filesWith, processesWith } from "../kit/where-written.ts";
import type { tells } from "./secret-tasks/leaks.ts";

const canary = `canary-${randomBytes(12).toString("hex")}`;
const pemLine = `MIIB${randomBytes(24).toString("hex")}`;
const own = `own-${randomBytes(12).toString("hex")}`;
const shown = "[redacted CANARY]";

const temporary = createScratchDirectory();
const telemetry: Buffer[] = [];
const notices: Buffer[] = [];
const ended = new Map<string, { readonly run: RunSnapshot; readonly events: readonly RunEvent[] }>();
let cluster: TestCluster;
let collector: Server;
let listener: Socket;
/** The processes of the cluster while a worker had secrets, and which of them, or of its files, showed that. */
let processesThen: number[];
let tracesThen: string[];

const folderOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function execute(task: string): Promise<void> {
  const { id } = await tasks.trigger(task, undefined);
  await runs.poll(id);
  const events: RunEvent[] = [];
  for await (const event of runs.subscribeToEvents(id)) events.push(event);
  ended.set(task, { run: await runs.retrieve(id), events });
}

beforeAll(async () => {
  collector = await collectInto(telemetry);
  const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT, WINDLASS_LOG_LEVEL: "debug", TMPDIR: temporary.path };
  cluster = await startCluster({ env });
  listener = await listenToNats(cluster.member("nats").address, notices);
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  const pem = `-----BEGIN "KEY"-----\n${pemLine}\n-----END "KEY"-----\n`;
  await envvars.upload({ variables: { CANARY: canary, CANARY_PEM: pem, OWN: own } });
  await cluster.deploy(folderOf("secret-tasks"));

  const token = await wait.createToken({});
  const waiting = await tasks.trigger("waits", { token: token.id });
  await waitFor("the run to wait", async () => (await runs.retrieve(waiting.id)).status === "WAITING");
  processesThen = processesOf(cluster.home).map(({ pid }) => pid);
  processesThen.push(...cluster.workerPids());
  tracesThen = [
    ...processesWith(processesThen, canary, pemLine),
    ...(await filesWith(temporary.path, canary, pemLine)),
  ];
  await wait.completeToken(token.id, {});
  await runs.poll(waiting.id);

  await Promise.all(["logs", "fails", "rejects", "dies", "asks", "keeps", "tells"].map(execute));
  await cluster.deploy(folderOf("secret-import-tasks"));
  await execute("imports");
});

afterAll(async () => {
  listener.destroy();
  await cluster.end();
  collector.closeAllConnections();
  collector.close();
  temporary.remove();
});

const of = (task: string) => ended.get(task) ?? expect.fail(`${task} was not executed`);
const textOf = (value: unknown): string => JSON.stringify(value);

describe("what shows of a run has the secret's name in place of its value", () => {
  test("its log lines, their attributes, and one that is cut in the middle of it", () => {
    const lines = of("logs").events.filter((event) => event.type === "log");
    expect(lines[0]).toMatchObject({ message: shown });
    expect(lines[1]?.message).toContain("[redacted CANARY_PEM]");
    expect(lines[1]?.message).toContain(`Error: cannot log in with ${shown}`);
    expect(lines[2]).toMatchObject({
      message: `it is ${shown}, or {"pem":"[redacted CANARY_PEM]"}`,
      attributes: { [shown]: { deep: ["[redacted CANARY_PEM]"] } },
    });
    expect(lines[3]?.message).not.toContain(canary.slice(0, 8));
  });

  test("the errors of its attempts and hooks, and what a run sees that has waited for it", () => {
    const message = `cannot log in with ${shown}`;
    const { run } = of("fails");
    expect(run.status).toBe("FAILED");
    expect(run.error).toMatchObject({ message, causes: [{ message: `refused: ${shown}` }] });
    expect(run.error?.stack).toContain("at ");
    expect(run.error?.fields).toEqual({
      request: { headers: { authorization: `Bearer ${shown}`, key: "[redacted CANARY_PEM]" } },
    });
    expect(run.attempts.map((attempt) => attempt.error?.message)).toEqual([message, message]);
    expect(textOf(run.attempts.flatMap(({ hooks }) => hooks))).toContain(message);
    expect(of("rejects").run.error).toMatchObject({ code: "UNCAUGHT_EXCEPTION", message });
    expect(of("imports").run.error?.code).toBe("TASK_IMPORT_ERROR");
    expect(of("imports").run.error?.message).toContain(`no service for ${shown}`);
    expect(textOf(of("asks").events)).toContain(message);
  });

  test("the last output of its process, and a line that it logged in the moment in which it ended", () => {
    const { run, events } = of("dies");
    expect(run).toMatchObject({ error: { code: "PROCESS_EXITED" } });
    // What it writes to stdout and to stderr comes by two pipes, and in any order.
    for (const part of [`it is ${shown}`, "[redacted CANARY_PEM]"]) expect(textOf(events)).toContain(part);
    expect(textOf(events)).toContain(`in the end ${shown}`);
  });
});

describe("a secret is nowhere to be found", () => {
  test("not in the database, its files, logs, NATS, telemetry, or what workers have on disk", async () => {
    expect(await columnsWith(cluster.database, canary, pemLine)).toEqual([]);
    await cluster.database.query({ name: "checkpoint", text: "CHECKPOINT" }, []);
    expect(await filesWith(cluster.home, canary, pemLine)).toEqual([]);
    expect(await filesWith(temporary.path, canary, pemLine)).toEqual([]);
    expect([telemetry.length > 0, notices.length > 0]).toEqual([true, true]);
    for (const text of [canary, pemLine])
      expect([Buffer.concat(telemetry).includes(text), Buffer.concat(notices).includes(text)]).toEqual([false, false]);
  });

  test("not in the folder of a worker that has it, nor in the arguments and the environment of any process", () => {
    expect(processesThen.length).toBeGreaterThan(6);
    expect(tracesThen).toEqual([]);
  });

  test("the search finds what is there: a log line that is no secret, in the database and in a service's log", async () => {
    expect(await columnsWith(cluster.database, "cannot log in with")).toContain("attempts.error");
    expect(await filesWith(path.join(cluster.home, "logs"), '"service":"supervisor"')).toContain("supervisor.log");
    expect(processesWith(processesThen, cluster.home)).not.toEqual([]);
  });

  test("not in the process.env of another environment's runs, although the code is the same", async () => {
    const admin = cluster.client(cluster.secrets.adminToken).environments;
    const { apiKey } = await admin.createEnvironment({ slug: "other", type: 1, project: "local" });
    try {
      configure({ url: cluster.url, apiKey });
      await deploy(folderOf("secret-tasks"), { url: cluster.url, apiKey });
      await envvars.create({ name: "OTHER", value: "of the other environment" });
      const { id } = await tasks.trigger<typeof tells>("tells", undefined);
      const { output } = await runs.poll<typeof tells>(id);
      expect(output?.names).toContain("OTHER");
      expect(output?.names.filter((name) => name.startsWith("CANARY"))).toEqual([]);
      expect(of("tells").run.output).toMatchObject({ names: expect.arrayContaining(["CANARY", "CANARY_PEM"]) });
    } finally {
      configure({ url: cluster.url, apiKey: cluster.apiKey });
    }
  });
});

test("what a task returns and puts into metadata is its user's own, and stored as it is", async () => {
  expect(of("keeps").run).toMatchObject({ output: { own }, metadata: { own } });
  const columns = await columnsWith(cluster.database, own);
  expect(columns).toEqual(["attempts.output", "run_metadata.metadata"]);
});

test("the key of the encryption is known to the run-store alone, which refuses to start without", () => {
  const { secretsKey } = cluster.secrets;
  const runStore = cluster.member("run-store").process?.pid;
  expect(processesWith(processesThen, secretsKey).map((found) => Number.parseInt(found, 10))).toEqual([runStore]);
  const main = fileURLToPath(new URL("../../services/run-store/src/main.ts", import.meta.url));
  const env = {
    PATH: process.env["PATH"],
    DATABASE_URL: "postgres://localhost:1/x",
    WINDLASS_INTERNAL_TOKEN: "x".repeat(16),
  };
  const refused = (keys?: string) =>
    spawnSync(process.execPath, [main], {
      env: { ...env, ...(keys !== undefined && { WINDLASS_SECRETS_KEYS: keys }) },
      encoding: "utf8",
    });
  expect(refused()).toMatchObject({ status: 2, stderr: expect.stringContaining("WINDLASS_SECRETS_KEYS: must be set") });
  const short = refused("c2hvcnQ=");
  expect(short).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("WINDLASS_SECRETS_KEYS: key 1 is not base64 of 32 bytes"),
  });
  expect(short.stderr).not.toContain("c2hvcnQ");
});

/** An OTLP collector that keeps what it is sent, as it is. */
async function collectInto(bodies: Buffer[]): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const sent = Buffer.concat(chunks);
      bodies.push(request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent);
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Subscribes to every subject by NATS' own protocol, and keeps all bytes that come. */
async function listenToNats(address: string, bytes: Buffer[]): Promise<Socket> {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  const subscribed = Promise.withResolvers<void>();
  socket.on("error", subscribed.reject);
  socket.on("data", (chunk: Buffer) => {
    bytes.push(chunk);
    if (chunk.includes("PING\r\n")) socket.write("PONG\r\n");
    if (chunk.includes("PONG\r\n")) subscribed.resolve();
  });
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\nSUB > 1\r\nPING\r\n');
  await subscribed.promise;
  bytes.length = 0;
  return socket;
}
