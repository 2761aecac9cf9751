import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, afterAll, expect, test } from "vitest";
import { connectToPostgres, createScratchDirectory, waitFor } from "../../../test/kit/index.ts";
import { postgresTemplates } from "../../../test/kit/test-postgres.ts";
import { choosePrivatePort } from "./ports.ts";
import { createPostgresMember, type PostgresMember } from "./postgres-server.ts";
import { copyPostgresTemplate } from "./postgres-template.ts";
import { sendSignal } from "./process-identity.ts";

const scratch = createScratchDirectory();
const directory = path.join(scratch.path, "postgres");
const logFile = path.join(scratch.path, "logs", "postgres.log");
let server: PostgresMember;

beforeAll(async () => {
  await copyPostgresTemplate(directory, postgresTemplates);
  server = createPostgresMember({
    name: "postgres",
    directory,
    port: await choosePrivatePort(new Set()),
    logDirectory: path.join(scratch.path, "logs"),
    recordDirectory: path.join(scratch.path, "processes"),
    env: () => ({ WINDLASS_HOME: scratch.path }),
  });
  await server.start();
});

afterAll(async () => {
  await server.stop();
  scratch.remove();
});

test("everything acknowledged is on disk, and there is no door but TCP on loopback", async () => {
  const database = await connectToPostgres(server.url);
  const settings = await database.query<{ name: string; setting: string }>({
    name: "settings",
    text: "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'unix_socket_directories', 'listen_addresses') order by name",
  });
  await database.stop();
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: "on",
    listen_addresses: "127.0.0.1",
    synchronous_commit: "on",
    unix_socket_directories: "",
  });
});

test("after a kill -9 in the middle of work, the next start serves what was committed", async () => {
  const database = await connectToPostgres(server.url);
  await database.query({ name: "make", text: "create table kept (n int)" });
  await database.query({ name: "fill", text: "insert into kept select generate_series(1, 1000)" });
  const working = Promise.allSettled([database.query({ name: "work", text: "select pg_sleep(60)" })]);

  const child = server.process;
  child?.signal("SIGKILL");
  await child?.exited;
  await server.start();

  expect(await database.query({ name: "count", text: "select count(*)::int as n from kept" })).toEqual([{ n: 1000 }]);
  await working;
  await database.stop();
});

test("a start waits for what is left of a server that was killed", async () => {
  const database = await connectToPostgres(server.url);
  const [backend] = await database.query<{ pid: number }>({ name: "pid", text: "select pg_backend_pid() as pid" });
  sendSignal(backend!.pid, "SIGSTOP");
  try {
    const child = server.process;
    child?.signal("SIGKILL");
    await child?.exited;
    const starting = server.start();
    await waitFor("a refused start", () => readFileSync(logFile, "utf8").includes("is still in use"));
    sendSignal(backend!.pid, "SIGCONT");
    await starting;
  } finally {
    sendSignal(backend!.pid, "SIGKILL");
  }
  await database.stop();
});

test("a wrong password is refused", async () => {
  const url = new URL(server.url);
  url.password = "wrong";
  await expect(connectToPostgres(url.href, 500)).rejects.toThrow(/password authentication failed|could not be used/u);
});

test("data of another major version is named, not touched", async () => {
  await server.stop();
  const versionFile = path.join(directory, "data", "PG_VERSION");
  const version = readFileSync(versionFile, "utf8");
  writeFileSync(versionFile, "9\n");
  await expect(server.start()).rejects.toThrow(/belongs to PostgreSQL 9, and this is 18/u);
  writeFileSync(versionFile, version);
  await server.start();
});
