import { expect, test } from "vitest";
import { isSameOrigin } from "./same-origin.ts";

const host = "dashboard.example:7090";
const from = (headers: Record<string, string>): boolean => isSameOrigin({ headers, host });

test("our own page and programs without a page are let through", () => {
  expect(from({})).toBe(true);
  expect(from({ origin: `https://${host}` })).toBe(true);
  expect(from({ origin: `https://${host}`, "sec-fetch-site": "same-origin" })).toBe(true);
});

test.each([
  { origin: "https://evil.example" },
  { origin: "https://dashboard.example:7091" },
  { origin: `https://${host}.evil.example` },
  { origin: "null" },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { origin: `https://${host}`, "sec-fetch-site": "cross-site" },
])("another site's page is refused: %o", (headers) => {
  expect(from(headers as Record<string, string>)).toBe(false);
});
