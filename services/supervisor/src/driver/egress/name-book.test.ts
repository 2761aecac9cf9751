import { createFakeClock } from "@windlass/chassis";
import { expect, test } from "vitest";
import { testLogger as logger } from "../../testing/start-peer.ts";
import { createNameBook } from "./name-book.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a host is asked for again after a minute; until the answer is there the last one holds, also when there is none", async () => {
  const clock = createFakeClock();
  const answers: (string[] | Error)[] = [["192.0.2.1"], ["192.0.2.2"], new Error("ENOTFOUND")];
  const lookup = async () => {
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("asked too often");
    return answer;
  };
  const book = createNameBook({ names: ["a.test"], keepsFormer: false, clock, logger, lookup });
  await book.open();
  await clock.advance(60_000);
  expect(book.current().get("a.test")).toEqual(["192.0.2.1"]);
  await settled();
  expect(answers).toHaveLength(2);
  for (const expected of [["192.0.2.2"], ["192.0.2.2"]]) {
    await clock.advance(60_001);
    book.current();
    await settled();
    expect(book.current().get("a.test")).toEqual(expected);
  }
  expect(answers).toHaveLength(0);
});

test("what must not be reached keeps the addresses that it had, up to 256", async () => {
  const clock = createFakeClock();
  let asked = 0;
  const lookup = () => Promise.resolve([`192.0.2.${(asked += 1)}`, "192.0.2.0"]);
  const book = createNameBook({ names: ["a.test"], keepsFormer: true, clock, logger, lookup });
  await book.open();
  for (let minute = 0; minute < 300; minute++) {
    await clock.advance(60_001);
    book.current();
    await settled();
  }
  expect(book.current().get("a.test")).toHaveLength(256);
  expect(book.current().get("a.test")).toEqual(expect.arrayContaining(["192.0.2.300", "192.0.2.301", "192.0.2.0"]));
});

test("a host without an address is named when the book is opened", async () => {
  const lookup = (name: string) =>
    name === "b.test" ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(["192.0.2.1"]);
  const options = { keepsFormer: false, clock: createFakeClock(), logger, lookup };
  await expect(createNameBook({ ...options, names: ["a.test", "b.test"] }).open()).rejects.toThrow(
    "the host b.test cannot be resolved (ENOTFOUND)",
  );
});
