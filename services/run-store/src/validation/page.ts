import { createHash } from "node:crypto";
import type { Violation } from "@windlass/proto/grpc";
import { STORE_ID } from "./field-rules.ts";
import { parseInteger } from "./number-rule.ts";

/** How many items a page of a list has at most, and when the caller does not say. */
export interface PageRule {
  readonly max: number;
  readonly default: number;
}

/** Which part of a list is wanted: at most `size` items after the one named `afterId`, or from the start. */
export interface Page {
  readonly size: number;
  readonly afterId: string | undefined;
}

/** The longest are of lists that go by name. */
const MAX_TOKEN_CHARACTERS = 4_096;
const DIGEST_CHARACTERS = 12;

/** Checks `page_size` and `page_token`. `list` names the list and everything it is filtered by: a token is good for the list that gave it, and no other. */
export function parsePage(
  request: { readonly pageSize: number; readonly pageToken: string },
  rule: PageRule,
  list: readonly unknown[],
  violations: Violation[],
): Page {
  const size = parseInteger(request.pageSize, { min: 0, max: rule.max }, "page_size", violations);
  if (request.pageToken === "") return { size: size === 0 ? rule.default : size, afterId: undefined };
  const afterId = readPageToken(request.pageToken, list);
  if (afterId === undefined) {
    violations.push({
      field: "page_token",
      description: "must be empty or the next_page_token of the previous page of the same list with the same filters.",
    });
  }
  return { size: size === 0 ? rule.default : size, afterId };
}

/** The token for the page after the item `lastId`. */
export function pageToken(lastId: string, list: readonly unknown[]): string {
  return Buffer.from(`${digest(list)}${lastId}`).toString("base64url");
}

function readPageToken(token: string, list: readonly unknown[]): string | undefined {
  if (token.length > MAX_TOKEN_CHARACTERS) return undefined;
  const content = Buffer.from(token, "base64url").toString("latin1");
  const lastId = content.slice(DIGEST_CHARACTERS);
  const isOurs = STORE_ID.alphabet.pattern.test(lastId) && lastId !== "" && pageToken(lastId, list) === token;
  return isOurs ? lastId : undefined;
}

function digest(list: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(list)).digest("base64url").slice(0, DIGEST_CHARACTERS);
}
