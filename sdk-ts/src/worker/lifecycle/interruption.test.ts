import { expect, it } from "vitest";
import { type InterruptibleCall, type Interrupted, Interruption } from "./interruption.ts";

function call(interruption: Interruption, { isRun = false, takesUncaught = true } = {}) {
  const heard: Interrupted[] = [];
  const entry: InterruptibleCall = { isRun, takesUncaught, interrupt: (reason) => heard.push(reason) };
  interruption.enter(entry);
  return { heard, leave: () => interruption.leave(entry) };
}

it("ends the innermost call, but none that runs beside it", () => {
  const interruption = new Interruption();
  const [outer, inner, beside] = [call(interruption), call(interruption), call(interruption, { takesUncaught: false })];
  interruption.raise("first");
  inner.leave();
  interruption.raise("second");
  expect([outer.heard, inner.heard, beside.heard]).toEqual([
    [{ kind: "uncaught", thrown: "second" }],
    [{ kind: "uncaught", thrown: "first" }],
    [],
  ]);
});

it("keeps the first exception between two calls for the next one; later ones are its echoes", () => {
  const interruption = new Interruption();
  expect(interruption.happened).toBe(false);
  interruption.raise("first");
  interruption.raise("echo");
  const next = call(interruption);
  expect(next.heard).toEqual([{ kind: "uncaught", thrown: "first" }]);
  next.leave();
  expect(call(interruption).heard).toEqual([]);
  expect(interruption.happened).toBe(true);
});

it("gives up hooks, but not run, until everything is given up; also what begins later", () => {
  const interruption = new Interruption();
  const [hook, run] = [call(interruption), call(interruption, { isRun: true })];
  interruption.giveUp("hooks");
  expect([hook.heard, run.heard]).toEqual([[{ kind: "given up" }], []]);
  expect(call(interruption).heard).toEqual([{ kind: "given up" }]);
  expect([interruption.happened, interruption.areHooksGivenUp]).toEqual([true, true]);
  interruption.giveUp("everything");
  expect(run.heard).toEqual([{ kind: "given up" }]);
  interruption.giveUp("hooks");
  expect(call(interruption, { isRun: true }).heard).toEqual([{ kind: "given up" }]);
});
