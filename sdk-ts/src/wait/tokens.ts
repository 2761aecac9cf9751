import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { CompleteTokenResponse } from "@windlass/proto";
import { callCluster, given } from "../client/call-cluster.ts";
import { checkPageSize, refuseUnknownOptions } from "../client/call-options.ts";
import { type Connection, defaultConnection } from "../client/connection.ts";
import { listPages, type PagePromise } from "../client/pages.ts";
import { checkDelay, checkKey, checkTags } from "../client/trigger-options.ts";
import { encodePayload } from "../client/trigger-task.ts";
import { invalidField } from "../client/windlass-error.ts";
import { type TokenSnapshot, tokenSnapshotFromProto } from "./token-snapshot.ts";

/** Names a token: what `createToken` returned, or just its id. */
export type TokenReference = string | { readonly id: string };

export interface CreateTokenOptions {
  /** How long it can be completed: "10m", or until a Date; at most 365 days. Default: for ever. */
  readonly timeout?: string | Date | undefined;
  /** The same key gives the same token; at most 512 characters. */
  readonly idempotencyKey?: string | readonly string[] | undefined;
  /** Labels: at most 10, each 1 to 128 characters. */
  readonly tags?: string | readonly string[] | undefined;
}

/** A token that somebody can complete. */
export interface CreatedToken {
  readonly id: string;
  /** True when the idempotency key had already made it. */
  readonly isCached: boolean;
  /**
   * Where a POST with JSON as its body completes the token, without any other credential; it holds the token's own secret. Absent when the token is
   * cached, or the cluster has no HTTP address.
   */
  readonly url?: string;
}

/** Throws WindlassError. */
export async function createToken(options: CreateTokenOptions = {}): Promise<CreatedToken> {
  refuseUnknownOptions(options, ["timeout", "idempotencyKey", "tags"]);
  const { timeout, idempotencyKey } = options;
  const request = {
    tags: checkTags(options.tags, "options.tags"),
    ...(timeout !== undefined && { timeout: durationFromMs(checkTimeoutMs(timeout)) }),
    ...(idempotencyKey !== undefined && { idempotencyKey: checkKey(idempotencyKey, "options.idempotencyKey") }),
  };
  const connection = defaultConnection();
  // With a key it is safe to repeat; without one, a token that nobody knows of is all a repeat can leave behind.
  const response = await callCluster(connection, (call) => connection.waitpoints.createToken(request, call));
  const { id } = given(response.token, "the new token");
  return { id, isCached: response.isCached, ...(response.url !== "" && { url: response.url }) };
}

/** Throws WindlassError, TOKEN_NOT_FOUND among others. */
export async function completeToken(reference: TokenReference, data: unknown): Promise<CompleteTokenResponse> {
  const tokenId = tokenIdOf(reference);
  const request = { tokenId, data: encodePayload("data", data) };
  const connection = defaultConnection();
  return callCluster(connection, (call) => connection.waitpoints.completeToken(request, call));
}

/** Throws WindlassError, TOKEN_NOT_FOUND among others. */
export async function retrieveToken(connection: Connection, tokenId: string): Promise<TokenSnapshot> {
  const { token } = await callCluster(connection, (call) => connection.waitpoints.getToken({ tokenId }, call));
  return tokenSnapshotFromProto(given(token, tokenId));
}

/** Newest first, without what they were completed with. */
export function listTokens(options: { readonly limit?: number | undefined } = {}): PagePromise<TokenSnapshot> {
  return listPages(async (pageToken) => {
    refuseUnknownOptions(options, ["limit"]);
    const request = { pageSize: checkPageSize(options.limit), pageToken };
    const connection = defaultConnection();
    const response = await callCluster(connection, (call) => connection.waitpoints.listTokens(request, call));
    return { items: response.tokens.map(tokenSnapshotFromProto), nextPageToken: response.nextPageToken };
  });
}

/** Throws FIELD_INVALID. */
export function tokenIdOf(reference: unknown): string {
  const id =
    typeof reference === "string" ? reference : (reference as { readonly id?: unknown } | null | undefined)?.id;
  if (typeof id === "string" && id !== "" && id.isWellFormed()) return id;
  throw invalidField("token", "must be a token or its id.");
}

function checkTimeoutMs(timeout: string | Date): number {
  const timeoutMs = checkDelay(timeout, "options.timeout").getTime() - Date.now();
  if (timeoutMs > 0) return timeoutMs;
  throw invalidField("options.timeout", "must be in the future.");
}
