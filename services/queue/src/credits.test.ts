import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Credits } from "./credits.ts";

function take(credits: Credits<string>): string | undefined {
  const holder = credits.richest();
  return holder !== undefined && credits.spend(holder) ? holder : undefined;
}

test("work spreads: the holder with the most credits is next", () => {
  const credits = new Credits<string>();
  for (const [holder, count] of [
    ["a", 1],
    ["b", 3],
  ] as const) {
    credits.open(holder);
    credits.grant(holder, count);
  }
  expect([take(credits), take(credits), take(credits), take(credits), take(credits)]).toEqual([
    "b",
    "b",
    "a",
    "b",
    undefined,
  ]);
});

test("credits end with their account", () => {
  const credits = new Credits<string>();
  credits.open("a");
  credits.grant("a", 5);
  credits.close("a");
  expect(credits.richest()).toBeUndefined();
  expect(credits.spend("a")).toBe(false);
  credits.grant("a", 5);
  expect(credits.balance("a")).toBe(0);
});

test("nothing is taken from a held account, and nothing is lost by it", () => {
  const credits = new Credits<string>();
  credits.open("a");
  credits.grant("a", 2);
  credits.setHeld("a", true);
  expect(credits.richest()).toBeUndefined();
  credits.setHeld("a", false);
  expect(take(credits)).toBe("a");
  expect(credits.balance("a")).toBe(1);
});

test("model: every credit granted is spent once, and always the richest holder's", () => {
  const anyHolder = fc.constantFrom("a", "b", "c", "d");
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ kind: fc.constant("grant" as const), holder: anyHolder, count: fc.integer({ min: 0, max: 9 }) }),
          fc.record({ kind: fc.constantFrom("close" as const, "take" as const), holder: anyHolder }),
        ),
        { maxLength: 200 },
      ),
      (commands) => {
        const credits = new Credits<string>();
        const model = new Map<string, number>();
        const grant = (holder: string, count: number): void => {
          credits.open(holder);
          credits.grant(holder, count);
          model.set(holder, (model.get(holder) ?? 0) + count);
        };
        const close = (holder: string): void => {
          credits.close(holder);
          model.delete(holder);
        };
        const takeOne = (): void => {
          const most = Math.max(0, ...model.values());
          const taken = take(credits) ?? "nobody";
          expect(model.get(taken) ?? 0).toBe(most);
          model.set(taken, Math.max(0, most - 1));
        };
        for (const command of commands) {
          if (command.kind === "grant") grant(command.holder, command.count);
          else if (command.kind === "close") close(command.holder);
          else takeOne();
          for (const [holder, count] of model) expect(credits.balance(holder)).toBe(count);
        }
      },
    ),
  );
});
