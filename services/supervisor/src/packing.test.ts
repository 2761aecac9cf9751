import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { machineOf, machinePresets, type Machine } from "./driver/machine.ts";
import { createPacking } from "./packing.ts";

function preset(name: string): Machine {
  const machine = machineOf(name);
  if (machine === undefined) throw new Error(`no preset ${name}`);
  return machine;
}

const [micro, small, medium, large] = [preset("micro"), preset("small-1x"), preset("medium-2x"), preset("large-1x")];
/** 4 vCPU and 8 GB. */
const capacity = { cpu: 4, memoryMb: 8_192 };
const waitsFor = (machine: Machine, oldestWaitMs = 1_000) => [{ machine, oldestWaitMs }];
const packingOf = () => createPacking<string>(capacity, micro);

describe("a capacity", () => {
  it("has room for what fits by vCPU and by memory, and for no more", () => {
    const packing = packingOf();
    packing.begin("a", medium);
    expect([packing.hasRoom(medium), packing.hasRoom(large)]).toEqual([true, false]);
    packing.begin("b", medium);
    expect(packing.hasRoom(micro)).toBe(false);
    packing.end("a");
    expect(packing.hasRoom(medium)).toBe(true);
    const byMemory = createPacking<string>({ cpu: undefined, memoryMb: 1_024 }, micro);
    byMemory.begin("a", small);
    expect([byMemory.hasRoom(small), byMemory.hasRoom(preset("small-2x"))]).toEqual([true, false]);
  });

  it("that is not set counts nothing", () => {
    const packing = createPacking<string>({ cpu: undefined, memoryMb: undefined }, micro);
    for (let nth = 0; nth < 100; nth += 1) packing.begin(`${nth}`, large);
    packing.reserve(waitsFor(large), 0);
    expect([packing.hasRoom(large), packing.roomFor(7), packing.reservedPreset]).toEqual([true, 7, undefined]);
  });

  it("gives what waits no vCPU and the memory that it keeps; to go on it needs all of its machine", () => {
    const packing = packingOf();
    packing.begin("a", large);
    packing.pause("a", 1_000);
    packing.begin("b", medium);
    expect(packing.canContinue("a", large)).toBe(false);
    expect([packing.hasRoom(preset("small-2x")), packing.hasRoom(preset("medium-2x"))]).toEqual([true, false]);
    packing.end("b");
    expect(packing.canContinue("a", large)).toBe(true);
  });

  it("lets anything begin while nothing executes, so that what waits for others cannot keep them out for ever", () => {
    const packing = packingOf();
    for (const parent of ["a", "b"]) {
      packing.begin(parent, medium);
      packing.pause(parent, medium.memoryMb);
    }
    expect(packing.hasRoom(small)).toBe(true);
    packing.begin("child", small);
    expect([packing.hasRoom(small), packing.canContinue("a", medium)]).toEqual([false, false]);
    packing.end("child");
    expect(packing.canContinue("a", medium)).toBe(true);
  });
});

describe("room for a large one", () => {
  it("is reserved once it has lacked it for 100 ms: smaller ones begin only beside it until it has begun", () => {
    const packing = packingOf();
    packing.begin("a", small);
    packing.reserve(waitsFor(large, 99), 0);
    expect(packing.hasRoom(small)).toBe(true);
    packing.reserve(waitsFor(large, 100), 1);
    expect([packing.hasRoom(small), packing.hasRoom(large)]).toEqual([false, false]);
    packing.end("a");
    expect([packing.hasRoom(small), packing.hasRoom(large)]).toEqual([false, true]);
    packing.begin("b", large);
    packing.end("b");
    expect(packing.hasRoom(small)).toBe(true);
  });

  it("stays reserved for two seconds after its lease was given back, and is asked for", () => {
    const packing = packingOf();
    for (const id of ["a", "b"]) packing.begin(id, medium);
    packing.reserve(waitsFor(large), 0);
    packing.reserve([], 1_999);
    expect([packing.reservedPreset, packing.roomFor(8)]).toEqual(["large-1x", 1]);
    packing.reserve([], 2_000);
    expect([packing.reservedPreset, packing.roomFor(8)]).toEqual([undefined, 0]);
  });

  it("is not reserved when it has room as soon as any one of those that execute ends", () => {
    const packing = packingOf();
    for (const id of ["a", "b"]) packing.begin(id, medium);
    packing.reserve(waitsFor(medium), 0);
    expect(packing.reservedPreset).toBeUndefined();
    packing.reserve(waitsFor(large), 0);
    expect(packing.reservedPreset).toBe("large-1x");
  });

  it("is for the one that has waited longest", () => {
    const packing = packingOf();
    packing.begin("a", preset("medium-1x"));
    packing.begin("b", medium);
    packing.reserve([...waitsFor(medium, 300), ...waitsFor(large, 500), ...waitsFor(small, 900)], 0);
    expect(packing.reservedPreset).toBe("large-1x");
  });
});

it("asks for as many as fit at the size of the last ones, and for one when any fits", () => {
  const packing = packingOf();
  expect(packing.roomFor(100)).toBe(16);
  packing.begin("a", medium);
  expect(packing.roomFor(100)).toBe(1);
  packing.end("a");
  expect([packing.roomFor(100), packing.roomFor(1)]).toEqual([2, 1]);
  expect([packing.mostAtOnce(medium, 9), packing.mostAtOnce(small, 9), packing.mostAtOnce(small, 3)]).toEqual([
    2, 8, 3,
  ]);
});

it("whatever begins, waits and ends: never more than the capacity, and no machine waits for ever", () => {
  const machines = machinePresets.map(preset).filter(({ cpu }) => cpu <= capacity.cpu);
  const step = fc.record({ machine: fc.constantFrom(...machines), ends: fc.nat(3), waits: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.constantFrom(...machines), (steps, wanted) => {
      const packing = packingOf();
      const executing = new Map<string, Machine>();
      let begunAt: number | undefined;
      for (const [nth, { machine, ends, waits }] of steps.entries()) {
        const nowMs = nth * 100;
        packing.reserve(begunAt === undefined ? waitsFor(wanted, 1_000 + nowMs) : [], nowMs);
        if (begunAt === undefined && packing.hasRoom(wanted)) {
          packing.begin("wanted", wanted);
          executing.set("wanted", wanted);
          begunAt = nth;
        }
        if (packing.hasRoom(machine)) {
          packing.begin(`${nth}`, machine);
          executing.set(`${nth}`, machine);
        }
        const used = [...executing.values()].reduce((sum, { cpu }) => sum + cpu, 0);
        expect(used).toBeLessThanOrEqual(capacity.cpu);
        // The oldest end; one that waits gives its vCPU back too.
        for (const id of [...executing.keys()].slice(0, ends)) {
          if (waits) packing.pause(id, 0);
          else packing.end(id);
          executing.delete(id);
        }
      }
      // Sixteen of the smallest fill the capacity: after as many ends there has been room for any.
      const ended = steps.reduce((sum, { ends }) => sum + ends, 0);
      expect(begunAt !== undefined || ended < 16 + steps.length).toBe(true);
    }),
  );
});
