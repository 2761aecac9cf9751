import { expect, it } from "vitest";
import { createOutputTail } from "./output-tail.ts";

function tailOf(...texts: string[]) {
  const tail = createOutputTail(10);
  for (const text of texts) tail.add(Buffer.from(text));
  return tail;
}

it("keeps the last bytes, whatever came in which pieces, and counts the others", () => {
  for (const tail of [tailOf("0123456789abcdef"), tailOf("01", "23456", "789ab", "cdef")]) {
    expect(tail.text()).toBe("6789abcdef");
    expect(tail.omittedBytes).toBe(6);
  }
  expect(tailOf("short").omittedBytes).toBe(0);
});

it("tells nothing of what came before it was cleared", () => {
  const tail = tailOf("of the attempt before, which was long");
  tail.clear();
  tail.add(Buffer.from("own"));
  expect(tail.text()).toBe("own");
  expect(tail.omittedBytes).toBe(0);
});
