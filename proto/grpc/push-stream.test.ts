import { expect, test } from "vitest";
import { collect } from "../test/failure-of.ts";
import { createPushStream } from "../grpc.ts";

test("values come in order, waiting or not", async () => {
  const stream = createPushStream<number>(10);
  const early = stream.next();
  for (const value of [1, 2, 3]) expect(stream.push(value)).toBe(true);
  stream.end();
  expect(await early).toEqual({ done: false, value: 1 });
  expect(await collect(stream)).toEqual([2, 3]);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test("a full stream refuses, and takes again when there is room", async () => {
  const stream = createPushStream<number>(2);
  expect([1, 2, 3].map((value) => stream.push(value))).toEqual([true, true, false]);
  expect(stream.size).toBe(2);
  await stream.next();
  expect(stream.push(4)).toBe(true);
  stream.end();
  expect(stream.push(5)).toBe(false);
  expect(await collect(stream)).toEqual([2, 4]);
});

test("an error comes after the values that were waiting, once", async () => {
  const stream = createPushStream<number>(2);
  stream.push(1);
  stream.end(new Error("over"));
  expect(await stream.next()).toEqual({ done: false, value: 1 });
  await expect(stream.next()).rejects.toThrow("over");
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test("an error reaches a consumer that waits", async () => {
  const stream = createPushStream<number>(2);
  const waiting = stream.next();
  stream.end(new Error("over"));
  await expect(waiting).rejects.toThrow("over");
});

test("when the consumer leaves, nothing is taken any more", async () => {
  const stream = createPushStream<number>(2);
  stream.push(1);
  for await (const value of stream) {
    expect(value).toBe(1);
    break;
  }
  expect(stream.isEnded).toBe(true);
  expect(stream.push(2)).toBe(false);
});

test("it ends with the reason of its signal, also one that has aborted before", async () => {
  const controller = new AbortController();
  const stream = createPushStream<number>(2, controller.signal);
  const waiting = stream.next();
  controller.abort(new Error("hung up"));
  await expect(waiting).rejects.toThrow("hung up");
  await expect(createPushStream<number>(2, controller.signal).next()).rejects.toThrow("hung up");
});

test("a second consumer is refused", async () => {
  const stream = createPushStream<number>(2);
  const waiting = stream.next();
  await expect(stream.next()).rejects.toThrow("one consumer");
  stream.push(1);
  expect(await waiting).toEqual({ done: false, value: 1 });
});

test("100,000 values keep their order however far the consumer is behind", async () => {
  const stream = createPushStream<number>(3_000);
  const seen: number[] = [];
  let next = 0;
  while (seen.length < 100_000) {
    while (next < 100_000 && stream.push(next)) next += 1;
    for (let taken = 0; taken < 1_700 && seen.length < next; taken += 1) {
      const { value } = await stream.next();
      if (value !== undefined) seen.push(value);
    }
  }
  expect(seen.every((value, index) => value === index)).toBe(true);
});
