import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TimerHeap } from "./timer-heap.ts";

test("what is due comes soonest first, never more than asked for, and never what is not due", () => {
  const heap = new TimerHeap<string>();
  for (const [key, dueMs] of [
    ["c", 30],
    ["a", 10],
    ["d", 40],
    ["b", 20],
  ] as const)
    heap.arm(key, dueMs, key);
  expect(heap.soonestMs).toBe(10);
  expect(heap.popDue(9, 10)).toEqual([]);
  expect(heap.popDue(30, 2).map(({ key }) => key)).toEqual(["a", "b"]);
  expect(heap.popDue(30, 2).map(({ key }) => key)).toEqual(["c"]);
  expect(heap.size).toBe(1);
  expect(heap.soonestMs).toBe(40);
});

test("a key has one timer, the sooner of what it was armed with", () => {
  const heap = new TimerHeap<string>();
  heap.arm("a", 20, "first");
  heap.arm("a", 30, "later");
  heap.arm("a", 10, "sooner");
  expect(heap.size).toBe(1);
  expect(heap.popDue(100, 10)).toMatchObject([{ key: "a", dueMs: 10, item: "sooner" }]);
});

test("a key that has fired can be armed again, also for later", () => {
  const heap = new TimerHeap<string>();
  heap.arm("a", 10, "x");
  heap.popDue(10, 1);
  heap.arm("a", 99, "y");
  expect(heap.soonestMs).toBe(99);
});

type Command =
  | { kind: "arm"; key: string; dueMs: number }
  | { kind: "pop"; nowMs: number; max: number }
  | { kind: "keepSoonest"; count: number };

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("arm" as const),
      key: fc.integer({ min: 0, max: 40 }).map(String),
      dueMs: fc.integer({ min: -20, max: 100 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pop" as const),
      nowMs: fc.integer({ min: -20, max: 100 }),
      max: fc.integer({ min: 0, max: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("keepSoonest" as const), count: fc.integer({ min: 0, max: 30 }) }),
  },
);

test("model: the heap is a sorted list with one entry a key", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 300 }), (commands) => {
      const heap = new TimerHeap<number>();
      const model = new Map<string, number>();
      const soonestFirst = (): number[] => [...model.values()].toSorted((a, b) => a - b);
      const arm = (key: string, dueMs: number): void => {
        heap.arm(key, dueMs, dueMs);
        model.set(key, Math.min(dueMs, model.get(key) ?? dueMs));
      };
      const pop = (nowMs: number, max: number): void => {
        const due = soonestFirst().filter((dueMs) => dueMs <= nowMs);
        const popped = heap.popDue(nowMs, max);
        // Which of two that are due at one time comes first is not said.
        expect(popped.map(({ dueMs }) => dueMs)).toEqual(due.slice(0, max));
        expect(popped.map(({ item }) => item)).toEqual(popped.map(({ key }) => model.get(key)));
        for (const { key } of popped) model.delete(key);
      };
      const keepSoonest = (count: number): void => {
        const kept = soonestFirst().slice(0, count);
        heap.keepSoonest(count);
        const left = heap.popDue(Infinity, Infinity);
        expect(left.map(({ dueMs }) => dueMs)).toEqual(kept);
        model.clear();
        for (const { key, dueMs } of left) arm(key, dueMs);
      };
      for (const command of commands) {
        if (command.kind === "arm") arm(command.key, command.dueMs);
        else if (command.kind === "pop") pop(command.nowMs, command.max);
        else keepSoonest(command.count);
        expect(heap.size).toBe(model.size);
        expect(heap.soonestMs).toBe(soonestFirst()[0]);
      }
    }),
  );
});

test("letting go of later timers leaves the heap in order and their keys free", () => {
  const heap = new TimerHeap<string>();
  for (const dueMs of [50, 10, 40, 20, 30]) heap.arm(String(dueMs), dueMs, "");
  heap.keepSoonest(3);
  heap.arm("50", 5, "");
  heap.arm("20", 1, "");
  expect(heap.popDue(100, 10).map(({ dueMs }) => dueMs)).toEqual([1, 5, 10, 30]);
});
