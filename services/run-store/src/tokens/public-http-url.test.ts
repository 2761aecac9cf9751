import { expect, it } from "vitest";
import { publicHttpUrl } from "./public-http-url.ts";

it.each([
  [undefined, "127.0.0.1:7080", "http://127.0.0.1:7080"],
  [undefined, "[::1]:7080", "http://[::1]:7080"],
  [undefined, "0.0.0.0:7080", undefined],
  [undefined, "[::]:7080", undefined],
  ["https://tasks.example.com", "0.0.0.0:7080", "https://tasks.example.com"],
  ["https://example.com/windlass/", "127.0.0.1:7080", "https://example.com/windlass"],
])("configured %j and listening on %s, callers outside are told %j", (configured, address, expected) => {
  expect(publicHttpUrl(configured, address)).toBe(expected);
});
