import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { collectLogs } from "../../test/collected-logs.ts";
import { createNatsServer, type NatsServer } from "../../test/nats-server.ts";
import { createFakeClock } from "../clock/index.ts";
import { createNats, type DurableMessage, type Nats, type NatsMessage, type NatsOptions } from "./nats.ts";

let server: NatsServer;
const opened: Nats[] = [];
const observers: NatsConnection[] = [];
const logs = collectLogs();

beforeAll(async () => {
  server = await createNatsServer();
  await server.start();
});
afterEach(async () => {
  for (const nats of opened.splice(0)) await nats.stop();
  for (const observer of observers.splice(0)) await observer.close();
  logs.lines.length = 0;
});
afterAll(() => server.remove());

async function startNats(options: Partial<NatsOptions> = {}): Promise<Nats> {
  const nats = createNats({ urls: [server.url], name: "chassis-test", logger: logs.logger, ...options });
  opened.push(nats);
  await nats.start();
  return nats;
}

async function connected(nats: Nats): Promise<Nats> {
  await vi.waitFor(() => expect(nats.connected).toBe(true), { timeout: 5_000 });
  return nats;
}

/** Looks at the streams from outside. */
async function streams() {
  const observer = await connect({ servers: server.url.replace("nats://", "") });
  observers.push(observer);
  return (await jetstreamManager(observer)).streams;
}

function messages(subject: string, from: number, to: number): DurableMessage[] {
  return Array.from({ length: to - from }, (_, index) => ({
    subject: `${subject}.${from + index}`,
    data: Buffer.from(String(from + index)),
    id: `${subject}.${from + index}`,
  }));
}

const unavailable = { code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY };
const limits = { maxAgeMs: 60_000, maxBytes: 10_000_000 };
const text = ({ data }: NatsMessage) => Buffer.from(data).toString();

test("others receive what is published, with headers; oneself does not", async () => {
  const [sender, receiver] = [await connected(await startNats()), await connected(await startNats())];
  const seen: string[] = [];
  const note = (who: string) => (message: NatsMessage) => {
    seen.push(`${who} ${message.subject} ${text(message)} ${message.header("traceparent")} ${message.header("none")}`);
  };
  sender.subscribe("hint.>", note("sender"));
  const unsubscribe = receiver.subscribe("hint.>", note("receiver"));
  await vi.waitFor(() => {
    // Repeated: the server may not yet know the subscription.
    expect(sender.publish("hint.run", Buffer.from("one"), { traceparent: "00-1" })).toBe(true);
    expect(seen).toContain("receiver hint.run one 00-1 undefined");
  });
  expect(seen.every((line) => line.startsWith("receiver"))).toBe(true);
  unsubscribe();
  unsubscribe();
});

test("a handler that throws is logged and called again", async () => {
  const [sender, receiver] = [await connected(await startNats()), await connected(await startNats())];
  let calls = 0;
  receiver.subscribe("bad", () => {
    calls += 1;
    throw new Error("cannot read");
  });
  await vi.waitFor(() => {
    sender.publish("bad", new Uint8Array());
    expect(calls).toBeGreaterThan(1);
  });
  expect(logs.lines).toContainEqual(expect.objectContaining({ msg: "nats handler failed", subject: "bad" }));
});

test("durable messages are in the stream when the promise resolves, each once even if published again", async () => {
  const nats = await connected(await startNats());
  nats.ensureStream({ name: "DURABLE", subjects: ["durable.>"], ...limits });
  const batch = messages("durable", 0, 2_500);
  await vi.waitFor(() => nats.publishDurably(batch.slice(0, 1)));
  await nats.publishDurably(batch);
  await nats.publishDurably(batch.slice(0, 100));
  await nats.publishDurably([]);
  const { state, config } = await (await streams()).info("DURABLE");
  expect(state.messages).toBe(2_500);
  expect(config).toMatchObject({ max_bytes: 10_000_000, discard: "old", storage: "file" });
});

test("a stream that exists stays as it is", async () => {
  const nats = await connected(await startNats());
  const api = await streams();
  await api.add({ name: "TUNED", subjects: ["tuned.>"], max_bytes: 5_000_000 });
  nats.ensureStream({ name: "TUNED", subjects: ["tuned.>"], ...limits });
  await vi.waitFor(() => nats.publishDurably(messages("tuned", 0, 1)));
  expect((await api.info("TUNED")).config.max_bytes).toBe(5_000_000);
  expect(logs.messages()).not.toContain("nats stream not made");
});

test("without a stream, or with one that refuses, durable publishing is UNAVAILABLE", async () => {
  const nats = await connected(await startNats());
  await expect(nats.publishDurably(messages("nowhere", 0, 3))).rejects.toMatchObject(unavailable);
  await (await streams()).add({ name: "SMALL", subjects: ["small.>"], max_msg_size: 10 });
  const large = { subject: "small.1", data: Buffer.alloc(100), id: "1" };
  await expect(nats.publishDurably([...messages("small", 0, 1), large])).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringContaining("exceeds maximum") as string,
  });
});

test("an aborted signal ends durable publishing with its reason", async () => {
  const nats = await connected(await startNats());
  nats.ensureStream({ name: "ABORT", subjects: ["abort.>"], ...limits });
  await vi.waitFor(() => nats.publishDurably(messages("abort", 0, 1)));
  const reason = new Error("draining");
  await expect(nats.publishDurably(messages("abort", 0, 1), AbortSignal.abort(reason))).rejects.toBe(reason);
  server.freeze();
  try {
    const stop = new AbortController();
    const publishing = failureOf(nats.publishDurably(messages("abort", 1, 9), stop.signal));
    stop.abort(reason);
    expect(await publishing).toBe(reason);
  } finally {
    server.thaw();
  }
});

test("hints to a server that reads nothing are dropped, not kept without limit", async () => {
  const nats = await connected(await startNats());
  server.freeze();
  try {
    const kilobytes64 = Buffer.alloc(65_536);
    const sent = Array.from({ length: 400 }, () => nats.publish("flood", kilobytes64));
    const bytesKept = sent.filter(Boolean).length * kilobytes64.length;
    expect(sent.at(-1)).toBe(false);
    expect(bytesKept).toBeLessThan(9 << 20);
  } finally {
    server.thaw();
  }
  await vi.waitFor(() => expect(nats.publish("flood", Buffer.alloc(10))).toBe(true), { timeout: 5_000 });
});

test("nats-server away at start, killed and started again: nothing fails but what needs it, and everything comes back", async () => {
  await server.kill();
  const nats = await startNats();
  const other = await startNats();
  const seen: string[] = [];
  other.subscribe("again", (message) => void seen.push(text(message)));
  nats.ensureStream({ name: "AGAIN", subjects: ["durably.>"], ...limits });
  expect(nats.connected).toBe(false);
  expect(nats.publish("again", Buffer.from("lost"))).toBe(false);
  await expect(nats.publishDurably(messages("durably", 0, 1))).rejects.toMatchObject(unavailable);
  await vi.waitFor(() => expect(logs.messages()).toContain("nats not reachable"));

  for (const round of [1, 2]) {
    await server.start();
    await Promise.all([connected(nats), connected(other)]);
    await vi.waitFor(() => {
      nats.publish("again", Buffer.from(`round ${round}`));
      expect(seen).toContain(`round ${round}`);
    });
    await vi.waitFor(() => nats.publishDurably(messages("durably", 0, 10)), { timeout: 5_000 });
    server.freeze();
    const inFlight = failureOf(nats.publishDurably(messages("durably", 10, 20)));
    await server.kill();
    expect(await inFlight).toMatchObject({ ...unavailable, message: "The connection to NATS broke." });
    await vi.waitFor(() => expect(nats.connected).toBe(false));
  }
  await server.start();
});

test("stop sends what was published, can be repeated, and works before start and without a server", async () => {
  const [sender, receiver] = [await connected(await startNats()), await connected(await startNats())];
  const seen: string[] = [];
  receiver.subscribe("last", (message) => void seen.push(text(message)));
  await vi.waitFor(() => {
    sender.publish("last", Buffer.from("first"));
    expect(seen).not.toEqual([]);
  });
  sender.publish("last", Buffer.from("word"));
  await Promise.all([sender.stop(), sender.stop()]);
  expect(sender.connected).toBe(false);
  await vi.waitFor(() => expect(seen).toContain("word"));

  await createNats({ urls: [server.url], name: "test", logger: logs.logger }).stop();
  const lonely = await startNats({ urls: ["nats://127.0.0.1:9"] });
  await lonely.stop();
});

test("stop gives up after 2 s on a server that does not answer", async () => {
  const clock = createFakeClock();
  const nats = await connected(await startNats({ clock }));
  server.freeze();
  try {
    const stopping = nats.stop();
    await clock.advance(2_000);
    await stopping;
  } finally {
    server.thaw();
  }
  expect(logs.messages()).toContain("nats did not take the last messages");
});

test("JetStream that takes messages and does not acknowledge them is UNAVAILABLE after 5 s", async () => {
  const clock = createFakeClock();
  const nats = await connected(await startNats({ clock }));
  server.freeze();
  try {
    const publishing = failureOf(nats.publishDurably(messages("silent", 0, 5)));
    await clock.advance(5_000);
    expect(await publishing).toMatchObject(unavailable);
  } finally {
    server.thaw();
  }
});
