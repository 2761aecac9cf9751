import { setImmediate as turn } from "node:timers/promises";
import { LogLevel } from "@windlass/proto";
import { expect, it } from "vitest";
import { Outbox, type WorkerMessageBody } from "./outbox.ts";

/** A connection that has room for `room` frames, and for more whenever it is drained. */
class Connection {
  readonly frames: string[][] = [];
  room = Number.POSITIVE_INFINITY;
  #drained = Promise.withResolvers<void>();

  send = ({ messages }: { messages?: { body?: WorkerMessageBody }[] }): boolean => {
    this.frames.push((messages ?? []).map(({ body }) => describe(body)));
    this.room -= 1;
    return this.room > 0;
  };

  drained = (): Promise<void> => this.#drained.promise;

  drain(room: number): void {
    this.room = room;
    const drained = this.#drained;
    this.#drained = Promise.withResolvers();
    drained.resolve();
  }
}

function describe(body: WorkerMessageBody | undefined): string {
  if (body?.case === "log") return body.value.record?.message ?? "";
  return body?.case === "started" ? (body.value.runId ?? "") : String(body?.case);
}

function started(runId: string): WorkerMessageBody {
  return { case: "started", value: { runId } };
}

function log(message: string): WorkerMessageBody {
  return { case: "log", value: { record: { message } } };
}

function createOutbox(): { outbox: Outbox; connection: Connection } {
  const connection = new Connection();
  return { outbox: new Outbox(connection), connection };
}

it("sends what was said in one turn as one frame", async () => {
  const { outbox, connection } = createOutbox();
  outbox.push(started("a"));
  outbox.push(started("b"));
  expect(connection.frames).toEqual([]);
  await turn();
  outbox.push(started("c"));
  await turn();
  expect(connection.frames).toEqual([["a", "b"], ["c"]]);
});

it("sends at once when told to", () => {
  const { outbox, connection } = createOutbox();
  outbox.push(started("a"));
  outbox.flush();
  expect(connection.frames).toEqual([["a"]]);
});

it("splits what would be too large for one frame", async () => {
  const { outbox, connection } = createOutbox();
  outbox.push(started("a"), 3e6);
  outbox.push(started("b"), 3e6);
  outbox.push(started("c"), 10e6);
  outbox.push(started("d"));
  await turn();
  expect(connection.frames).toEqual([["a"], ["b"], ["c"], ["d"]]);
});

it("names the log lines that have not left the process yet", async () => {
  const { outbox } = createOutbox();
  outbox.pushLog(log("sent"), 4);
  await turn();
  await turn();
  outbox.push(started("a"));
  const record = { level: LogLevel.WARN, message: "not sent", attributesJson: '{"a":1}' };
  outbox.pushLog({ case: "log", value: { record } }, 8);
  expect(outbox.unsentLogLines()).toEqual(['warn not sent {"a":1}']);
  // The transport has it, and writes it in this turn.
  outbox.flush();
  expect(outbox.unsentLogLines()).toEqual(['warn not sent {"a":1}']);
  await turn();
  expect(outbox.unsentLogLines()).toEqual([]);
});

it("waits while the connection is full, and keeps the order", async () => {
  const { outbox, connection } = createOutbox();
  connection.room = 1;
  outbox.push(started("a"), 4e6);
  outbox.push(started("b"), 4e6);
  await turn();
  outbox.push(started("c"));
  await turn();
  expect(connection.frames).toEqual([["a"]]);
  connection.drain(2);
  await turn();
  expect(connection.frames).toEqual([["a"], ["b", "c"]]);
});

it("drops logs beyond 8 MB, nothing else, and says how many", async () => {
  const { outbox, connection } = createOutbox();
  connection.room = 1;
  outbox.push(started("a"));
  await turn();
  for (let line = 0; line < 10; line++) outbox.pushLog(log(`line ${line}`), 1_000_000);
  outbox.push(started("end"), 10e6);
  connection.drain(100);
  await turn();
  const said = connection.frames.flat();
  expect(said.slice(1, 9)).toEqual(Array.from({ length: 8 }, (_, line) => `line ${line}`));
  expect(said.slice(9)).toEqual(["end", "2 log lines were dropped: they came faster than they could be sent."]);
});
