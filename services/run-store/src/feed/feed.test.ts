import { ErrorReason } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { createKeyedTopic } from "./keyed-topic.ts";
import { createTopic } from "./topic.ts";

describe("a topic", () => {
  it("tells every subscriber everything in order; what waits is handed over at once", async () => {
    const topic = createTopic<number>("numbers");
    const [first, second] = [topic.subscribe(10), topic.subscribe(10)];
    topic.publish([1, 2]);
    topic.publish([3]);
    for (const subscription of [first, second]) {
      const iterator = subscription[Symbol.asyncIterator]();
      expect(await iterator.next()).toEqual({ done: false, value: [1, 2, 3] });
      const waiting = iterator.next();
      subscription.push([4]);
      expect(await waiting).toEqual({ done: false, value: [4] });
    }
  });

  it("ends a subscriber that falls behind, once it has read what it was given (I10), and nobody else", async () => {
    const topic = createTopic<number>("numbers");
    const [slow, quick] = [topic.subscribe(2), topic.subscribe(10)];
    topic.publish([1, 2]);
    topic.publish([3]);
    expect(topic.subscriberCount).toBe(1);
    const iterator = slow[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: [1, 2] });
    await expect(iterator.next()).rejects.toMatchObject({ reason: ErrorReason.OVERLOADED });
    expect(quick.size).toBe(3);
  });

  it("lets go of a subscriber that leaves, waiting or not", async () => {
    const topic = createTopic<number>("numbers");
    const [left, waiting, closed] = [topic.subscribe(1), topic.subscribe(1), topic.subscribe(1)];
    topic.publish([1]);
    for await (const [item] of left) {
      expect(item).toBe(1);
      break;
    }
    const iterator = waiting[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    waiting.close();
    waiting.close();
    expect(await next).toEqual({ done: true, value: undefined });
    closed.close();
    expect(topic.subscriberCount).toBe(0);
    expect(await Array.fromAsync(closed)).toEqual([]);
  });
});

describe("a keyed topic", () => {
  it("tells those who listen for the key, until they stop, even while they are told", () => {
    const topic = createKeyedTopic<number>();
    const heard: string[] = [];
    const stopA = topic.listen("a", (item) => {
      heard.push(`first ${item}`);
      stopA();
    });
    const stopAgain = topic.listen("a", (item) => heard.push(`second ${item}`));
    expect(topic.has("a")).toBe(true);
    topic.publish("a", 1);
    topic.publish("b", 2);
    topic.publish("a", 3);
    expect(heard).toEqual(["first 1", "second 1", "second 3"]);
    stopAgain();
    stopAgain();
    expect(topic.has("a")).toBe(false);
  });
});
