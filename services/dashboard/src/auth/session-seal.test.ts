import { createFakeClock } from "@windlass/chassis";
import { expect, test } from "vitest";
import { createSessionSeal, SESSION_LIFETIME_MS } from "./session-seal.ts";

const apiKey = "wl_dev_0123456789abcdef0123456789abcdef";
const secret = "a secret of the whole cluster";

test("a sealed session is read by whoever has the cluster's secret, until it expires", async () => {
  const clock = createFakeClock();
  const sealed = createSessionSeal({ secret, clock }).seal(apiKey);
  const other = createSessionSeal({ secret, clock });
  await clock.advance(SESSION_LIFETIME_MS - 1);
  expect(other.open(sealed)).toMatchObject({ apiKey });
  await clock.advance(1);
  expect(other.open(sealed)).toBeUndefined();
});

test("the sealed text does not tell the key, and two of the same key differ", () => {
  const seal = createSessionSeal({ secret, clock: createFakeClock() });
  const [first, second] = [seal.seal(apiKey), seal.seal(apiKey)];
  expect(Buffer.from(first, "base64url").toString("latin1")).not.toContain("0123456789abcdef");
  expect(first).not.toBe(second);
});

test("what is sealed with another secret, changed, cut, or no seal at all, is nobody's", () => {
  const clock = createFakeClock();
  const seal = createSessionSeal({ secret, clock });
  const sealed = seal.seal(apiKey);
  const bytes = Buffer.from(sealed, "base64url");
  const changed = bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
  const texts = [
    createSessionSeal({ secret: "another secret", clock }).seal(apiKey),
    Buffer.from(changed).toString("base64url"),
    sealed.slice(0, 30),
    "",
    "nonsense",
    "A".repeat(100_000),
  ];
  expect(texts.map((text) => seal.open(text))).toEqual(texts.map(() => undefined));
});
