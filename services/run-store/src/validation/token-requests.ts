import { durationMs } from "@bufbuild/protobuf/wkt";
import type {
  AwaitTokensRequest,
  CompleteTokenRequest,
  Content,
  CreateTokenRequest,
  GetTokenRequest,
  ListTokensRequest,
} from "@windlass/proto";
import { type CallFailure, fieldInvalid, type Violation } from "@windlass/proto/grpc";
import { IDEMPOTENCY_KEY, STORE_ID } from "./field-rules.ts";
import { type Page, parsePage } from "./page.ts";
import { parsePayload, type StoredContent } from "./payload.ts";
import { parseTags } from "./tags.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** A checked request for a token. */
export interface ParsedToken {
  /** Undefined: it never times out. */
  readonly timeoutMs: number | undefined;
  /** Undefined: none. */
  readonly idempotencyKey: string | undefined;
  readonly tags: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const TIMEOUT_MS = { min: 1, max: 365 * DAY_MS };
const TOKEN_PAGE = { max: 1_000, default: 50 };
const MAX_AWAITED_PER_MESSAGE = 1_000;

/** What a page token of ListTokens is bound to. */
export const TOKEN_LIST = ["tokens"] as const;

/** Checks CreateToken. Throws FIELD_INVALID. */
export function parseCreateToken(request: CreateTokenRequest): ParsedToken {
  const violations: Violation[] = [];
  const { timeout, idempotencyKey: key } = request;
  const timeoutMs = timeout === undefined ? undefined : Math.ceil(durationMs(timeout));
  if (timeoutMs !== undefined && !(timeoutMs >= TIMEOUT_MS.min && timeoutMs <= TIMEOUT_MS.max))
    violations.push({ field: "timeout", description: "must be longer than 0 and at most 365 days." });
  const idempotencyKey = key === "" ? undefined : parseText(key, IDEMPOTENCY_KEY, "idempotency_key", violations);
  const tags = parseTags(request.tags, "tags", violations);
  throwIfInvalid(violations);
  return { timeoutMs, idempotencyKey, tags };
}

/** Checks CompleteToken. Throws FIELD_INVALID. */
export function parseCompleteToken(request: CompleteTokenRequest): { tokenId: string; content: StoredContent } {
  const violations: Violation[] = [];
  const tokenId = parseText(request.tokenId, STORE_ID, "token_id", violations);
  const content = parsePayload(request.data, "data", violations);
  throwIfInvalid(violations);
  return { tokenId, content };
}

/** Checks the body of a completion over HTTP. Throws FIELD_INVALID. */
export function parseCompletionBody(body: Content | undefined): StoredContent {
  const violations: Violation[] = [];
  const content = parsePayload(body, "body", violations);
  throwIfInvalid(violations);
  return content;
}

/** Checks GetToken. Throws FIELD_INVALID. */
export function parseGetToken(request: GetTokenRequest): { tokenId: string } {
  const violations: Violation[] = [];
  const tokenId = parseText(request.tokenId, STORE_ID, "token_id", violations);
  throwIfInvalid(violations);
  return { tokenId };
}

/** Checks ListTokens. Throws FIELD_INVALID, also for a page token of another list. */
export function parseListTokens(request: ListTokensRequest): Page {
  const violations: Violation[] = [];
  const page = parsePage(request, TOKEN_PAGE, TOKEN_LIST, violations);
  throwIfInvalid(violations);
  return page;
}

/**
 * Checks a message of AwaitTokens: each item is an id, or the failure to answer that id with. Ids named twice are one.
 * Throws FIELD_INVALID for the whole message when it names no token or more than 1,000.
 */
export function parseAwaitTokens(request: AwaitTokensRequest): Map<string, CallFailure | undefined> {
  const count = request.tokenIds.length;
  if (count < 1 || count > MAX_AWAITED_PER_MESSAGE) {
    throw fieldInvalid({
      field: "token_ids",
      description: `must have 1 to ${MAX_AWAITED_PER_MESSAGE} items; it has ${count}.`,
    });
  }
  const failures = new Map<string, CallFailure | undefined>();
  for (const [index, tokenId] of request.tokenIds.entries()) {
    const violations: Violation[] = [];
    parseText(tokenId, STORE_ID, `token_ids[${index}]`, violations);
    failures.set(tokenId, violations.length === 0 ? undefined : fieldInvalid(...violations));
  }
  return failures;
}
