import { fork } from "node:child_process";
import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { ECHO } from "./echo.ts";
import { median } from "./stats.ts";

/** What bare gRPC messages between two processes of this machine cost, without anything of ours: the ground that every other figure stands on. Microseconds. */
export interface Yardstick {
  /** A unary call, one at a time, p50. */
  readonly callUs: number;
  /** A message and its answer on an open stream, one at a time, p50. */
  readonly roundTripUs: number;
  /** The same per message, when many are under way. */
  readonly pipelinedUs: number;
}

/** The same on the machine where the bench's targets were set. */
export const REFERENCE: Yardstick = { callUs: 200, roundTripUs: 75, pipelinedUs: 13 };

const ROUNDS = 3;
const CALLS = 2_000;
const PIPELINED = 30_000;
const message = Buffer.alloc(200);

/** Measures it, in some three seconds. The first round warms up. */
export async function measureYardstick(): Promise<Yardstick> {
  const server = fork(new URL("echo-server.ts", import.meta.url));
  const [port] = (await once(server, "message")) as [number];
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  try {
    let measured: Yardstick | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const callUs = await oneAtATime(() => unary(client));
      const stream = client.makeBidiStreamRequest(ECHO.stream.path, asIs, asIs);
      const roundTripUs = await oneAtATime(() => roundTrip(stream));
      measured = { callUs, roundTripUs, pipelinedUs: await pipelined(stream) };
      const ended = once(stream, "status");
      stream.end();
      await ended;
    }
    if (measured === undefined) throw new Error("nothing was measured");
    return measured;
  } finally {
    client.close();
    server.disconnect();
  }
}

type EchoStream = grpc.ClientDuplexStream<Buffer, Buffer>;

const asIs = (bytes: Buffer): Buffer => bytes;

function unary(client: grpc.Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(ECHO.call.path, asIs, asIs, message, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function roundTrip(stream: EchoStream): Promise<void> {
  const answered = once(stream, "data");
  stream.write(message);
  await answered;
}

async function oneAtATime(act: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await act();
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

/** The time per message and answer when the sender does not wait. */
async function pipelined(stream: EchoStream): Promise<number> {
  const start = performance.now();
  let answered = 0;
  const done = new Promise<void>((resolve) => {
    stream.on("data", () => {
      answered += 1;
      if (answered === PIPELINED) resolve();
    });
  });
  for (let i = 0; i < PIPELINED; i++) stream.write(message);
  await done;
  return ((performance.now() - start) * 1000) / PIPELINED;
}
