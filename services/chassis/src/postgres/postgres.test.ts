import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { collectLogs } from "../../test/collected-logs.ts";
import { freePort } from "../../test/free-port.ts";
import { type PostgresServer, startPostgresServer } from "../../test/postgres-server.ts";
import { startTelemetry } from "../telemetry/index.ts";
import { systemClock } from "../clock/index.ts";
import { byteaArray } from "./bytea-array.ts";
import { createPool } from "./pool.ts";
import { createPostgres, type Postgres, type PostgresOptions } from "./postgres.ts";
import { runMigrations } from "./run-migrations.ts";

let server: PostgresServer;
const opened: Postgres[] = [];
const logs = collectLogs();

beforeAll(async () => {
  server = await startPostgresServer();
});
afterEach(async () => {
  for (const postgres of opened.splice(0)) await postgres.stop();
  logs.lines.length = 0;
});
afterAll(() => server.remove());

function buildPostgres(options: Partial<PostgresOptions> = {}): Postgres {
  const { logger } = logs;
  const telemetry = startTelemetry({ service: "test", logger });
  const postgres = createPostgres({
    url: server.url,
    maxConnections: 3,
    applicationName: "chassis-test",
    logger,
    telemetry,
    ...options,
  });
  opened.push(postgres);
  return postgres;
}

async function startPostgres(options: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = buildPostgres(options);
  await postgres.start();
  return postgres;
}

/** Runs any statement, once. */
const execute = (postgres: Postgres, text: string) => postgres.query({ name: "", text });

const unavailable = { code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY };
const backendId = { name: "backend_id", text: "select pg_backend_pid() as id" };

test("values arrive as the types that the docs name", async () => {
  const postgres = await startPostgres();
  const statement = {
    name: "types",
    text: `select $1::int8 as big, array[1, null]::int8[] as bigs, 7::int4 as small, $2::bytea as bytes, $3::text[] as texts,
      '2026-01-02T03:04:05.678901Z'::timestamptz as time, (extract(epoch from '2026-01-02T03:04:05.678901Z'::timestamptz) * 1e6)::int8 as micros`,
  };
  const [row] = await postgres.query(statement, [2n ** 62n, Buffer.from([0, 255]), ["a", 'q"\\', "ü"]]);
  expect(row).toEqual({
    big: 2n ** 62n,
    bigs: [1n, null],
    small: 7,
    bytes: Buffer.from([0, 255]),
    texts: ["a", 'q"\\', "ü"],
    time: new Date("2026-01-02T03:04:05.678Z"),
    micros: 1_767_323_045_678_901n,
  });
});

test("byteaArray carries any bytes, nulls and nothing at all", async () => {
  const postgres = await startPostgres();
  const statement = {
    name: "unnest",
    text: "select value from unnest($1::bytea[]) with ordinality as u(value, n) order by n",
  };
  const values = [Buffer.from("a,{}\"\\'\0"), new Uint8Array(), null, Buffer.alloc(100_000, 255)];
  const rows = await postgres.query<{ value: Buffer | null }>(statement, [byteaArray(values)]);
  expect(rows.map(({ value }) => value?.toString("hex") ?? null)).toEqual(
    values.map((value) => (value === null ? null : Buffer.from(value).toString("hex"))),
  );
  expect(await postgres.query(statement, [byteaArray([])])).toEqual([]);
});

test("a statement that is refused keeps its connection, and its error", async () => {
  const postgres = await startPostgres({ maxConnections: 1 });
  const [before] = await postgres.query(backendId);
  const broken = postgres.query({ name: "division", text: "select 1 / $1::int4" }, [0]);
  await expect(broken).rejects.toMatchObject({ code: "22012" });
  expect(await postgres.query(backendId)).toEqual([before]);
});

test("a transaction commits all or nothing, and leaves its connection clean", async () => {
  const postgres = await startPostgres({ maxConnections: 1 });
  await postgres.query({ name: "make", text: "create table transfers (id int primary key)" });
  const insert = { name: "insert", text: "insert into transfers values ($1)" };
  const refusal = new Error("refused");
  const failing = postgres.transaction(async (tx) => {
    await tx.query(insert, [1]);
    throw refusal;
  });
  await expect(failing).rejects.toBe(refusal);
  await postgres.transaction(async (tx) => {
    await tx.query(insert, [2]);
    await tx.query(insert, [3]);
  });
  expect(await postgres.query({ name: "list", text: "select id from transfers order by id" })).toEqual([
    { id: 2 },
    { id: 3 },
  ]);
});

test("deadlocks and serialization conflicts are retried, three times", async () => {
  const postgres = await startPostgres();
  await execute(postgres, "create sequence tries");
  await execute(
    postgres,
    `create function conflict(failures int, state text) returns int8 language plpgsql as $$
      begin
        if nextval('tries') % 10 <= failures then raise exception using errcode = state, message = 'conflict'; end if;
        return currval('tries');
      end $$`,
  );
  const statement = { name: "conflict", text: "select conflict($1, $2) as tries" };
  expect(await postgres.query(statement, [2, "40001"])).toEqual([{ tries: 3n }]);
  await execute(postgres, "select setval('tries', 10)");
  expect(await postgres.query(statement, [3, "40P01"])).toEqual([{ tries: 14n }]);
  await execute(postgres, "select setval('tries', 20)");
  await expect(postgres.query(statement, [9, "40001"])).rejects.toMatchObject({ code: "40001" });
  expect(await postgres.query({ name: "tries", text: "select last_value from tries" })).toEqual([{ last_value: 24n }]);
});

test("a prepared statement survives a migration that changes its table", async () => {
  const postgres = await startPostgres();
  await execute(postgres, "create table widening (a int)");
  const statement = { name: "widening", text: "select * from widening" };
  await Promise.all([postgres.query(statement), postgres.query(statement), postgres.query(statement)]);
  await execute(postgres, "alter table widening add column b int");
  await execute(postgres, "insert into widening values (1, 2)");
  expect(await postgres.query(statement)).toEqual([{ a: 1, b: 2 }]);
});

test("a session has a connection of its own, which is closed afterwards", async () => {
  const postgres = await startPostgres();
  const [inside] = await postgres.session(1_000, (session) => session.query<{ id: number }>(backendId));
  const alive = { name: "alive", text: "select count(*)::int4 as n from pg_stat_activity where pid = $1" };
  await vi.waitFor(async () => expect(await postgres.query(alive, [inside?.id])).toEqual([{ n: 0 }]));
});

test("replicas that start together migrate once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chassis-migrations-"));
  await mkdir(join(folder, "meta"));
  const entry = { idx: 0, version: "7", when: 1, tag: "0000_first", breakpoints: true };
  await writeFile(join(folder, "meta", "_journal.json"), JSON.stringify({ entries: [entry] }));
  // Twice would fail: the table exists. The sleep makes the others wait for the lock.
  await writeFile(
    join(folder, "0000_first.sql"),
    "create table migrated (a int);\n--> statement-breakpoint\nselect pg_sleep(0.2);",
  );
  const replicas = await Promise.all([1, 2, 3].map(() => startPostgres()));
  await Promise.all(replicas.map((postgres) => runMigrations(postgres, folder, 42n)));
  await runMigrations(replicas[0] as Postgres, folder, 42n);
  const count = { name: "count", text: "select count(*)::int4 as n from drizzle.__drizzle_migrations" };
  expect(await replicas[0]?.query(count)).toEqual([{ n: 1 }]);
  const locks = { name: "locks", text: "select count(*)::int4 as n from pg_locks where locktype = 'advisory'" };
  await vi.waitFor(async () => expect(await replicas[0]?.query(locks)).toEqual([{ n: 0 }]));
  await rm(folder, { recursive: true });
});

test("a restart of Postgres costs what is in flight; then the same pool works again", async () => {
  const postgres = await startPostgres();
  await Promise.all([postgres.query(backendId), postgres.query(backendId)]);
  const inFlight = failureOf(postgres.query({ name: "sleep", text: "select pg_sleep(30)" }));
  const inTransaction = failureOf(
    postgres.transaction((tx) => tx.query({ name: "sleep", text: "select pg_sleep(30)" })),
  );
  const busy = {
    name: "busy",
    text: "select count(*)::int4 as n from pg_stat_activity where query = 'select pg_sleep(30)' and state = 'active'",
  };
  await vi.waitFor(async () => expect(await postgres.query(busy)).toEqual([{ n: 2 }]));
  await server.stop();
  expect(await Promise.all([inFlight, inTransaction])).toMatchObject([unavailable, unavailable]);
  await expect(postgres.query(backendId)).rejects.toMatchObject(unavailable);
  await expect(postgres.transaction((tx) => tx.query(backendId))).rejects.toMatchObject(unavailable);
  await server.start();
  await vi.waitFor(() => postgres.query(backendId), { timeout: 5_000 });
  expect(logs.messages()).toContain("database connection lost");
});

test("start waits for the database, says why, and gives up at its limit", async () => {
  await server.stop();
  await expect(startPostgres({ startLimitMs: 1_000 })).rejects.toMatchObject(unavailable);
  expect(logs.lines).toContainEqual(expect.objectContaining({ msg: "waiting for Postgres", level: "warn" }));
  const waiting = startPostgres();
  logs.lines.length = 0;
  await vi.waitFor(() => expect(logs.messages()).toContain("waiting for Postgres"));
  await server.start();
  const postgres = await waiting;
  expect(await postgres.query({ name: "one", text: "select 1::int4 as one" })).toEqual([{ one: 1 }]);
});

test("stop while it starts ends the wait; stop before start and again are fine", async () => {
  const postgres = buildPostgres({ url: `postgres://postgres@127.0.0.1:${await freePort()}/postgres` });
  const started = failureOf(postgres.start());
  await vi.waitFor(() => expect(logs.messages()).toContain("waiting for Postgres"));
  await Promise.all([postgres.stop(), postgres.stop()]);
  expect(await started).toMatchObject({ message: "Postgres was stopped" });
  await buildPostgres().stop();
});

test("stop waits for statements in flight", async () => {
  const postgres = await startPostgres();
  const inFlight = postgres.query({ name: "short_sleep", text: "select pg_sleep(0.2)::text as slept" });
  await postgres.stop();
  expect(await inFlight).toEqual([{ slept: "" }]);
  await expect(postgres.query(backendId)).rejects.toMatchObject(unavailable);
});

test("a server that accepts and never answers does not hold up its callers", async () => {
  const sockets: Socket[] = [];
  const frozen = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
  await once(frozen, "listening");
  const { port } = frozen.address() as AddressInfo;
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const { logger } = logs;
  const pool = createPool({
    url,
    maxConnections: 1,
    applicationName: "test",
    logger,
    clock: systemClock,
    connectLimitMs: 100,
  });
  // The first waits for its connection to be made, the second for the first's.
  const both = [pool.checkOut(), pool.checkOut()].map((checkOut) =>
    expect(checkOut).rejects.toMatchObject(unavailable),
  );
  await Promise.all(both);
  await pool.close();
  for (const socket of sockets) socket.destroy();
  frozen.close();
});

test("beyond a thousand waiting statements more are OVERLOADED", async () => {
  const postgres = await startPostgres({ maxConnections: 1 });
  const settled = await Promise.allSettled(Array.from({ length: 1_100 }, () => postgres.query(backendId)));
  const failures = settled.filter((result) => result.status === "rejected");
  expect(failures.length).toBeGreaterThan(50);
  expect(failures.every(({ reason }) => reason.reason === ErrorReason.OVERLOADED)).toBe(true);
  await postgres.query(backendId);
});
