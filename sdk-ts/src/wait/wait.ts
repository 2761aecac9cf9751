import { defaultConnection } from "../client/connection.ts";
import { refuseUnknownOptions } from "../client/call-options.ts";
import type { PagePromise } from "../client/pages.ts";
import { type TokenSnapshot, tokenSnapshotFromProto } from "./token-snapshot.ts";
import {
  completeToken,
  type CreatedToken,
  createToken,
  type CreateTokenOptions,
  listTokens,
  retrieveToken,
  tokenIdOf,
  type TokenReference,
} from "./tokens.ts";
import { waitForDate, type WaitForOptions } from "./wait-date.ts";
import { type TokenResult, TokenResultPromise, waitForToken } from "./wait-for-token.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Makes a run wait, and handles the tokens that runs wait for.
 *
 * A wait of more than 5 s suspends the run: onWait hooks, status WAITING, its concurrency slot is free for others, its process stands still with its
 * memory intact; then onResume hooks, and the code after the wait. If the process is lost meanwhile, the attempt ends and is retried. A run waits for
 * one thing at a time: a second wait throws. So does a wait outside of a run.
 */
export const wait = {
  /** Waits that long: `{ seconds: 30 }`, minutes, hours, days, weeks, months or years. */
  async for(options: WaitForOptions): Promise<void> {
    await waitUntil("wait.for", waitForDate(options, Date.now()));
  },

  /** Waits until that moment; one that has passed is not waited for, or with `throwIfInThePast` throws an Error. */
  async until(options: { readonly date: Date; readonly throwIfInThePast?: boolean | undefined }): Promise<void> {
    refuseUnknownOptions(options, ["date", "throwIfInThePast"]);
    const { date, throwIfInThePast = false } = options;
    if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
      throw new TypeError("wait.until takes { date }, a valid Date");
    }
    if (throwIfInThePast && date.getTime() < Date.now()) throw new Error(`${date.toISOString()} has passed`);
    await waitUntil("wait.until", date);
  },

  /**
   * Waits until the token is completed or times out; `unwrap()` gives what it was completed with. Throws WindlassError, TOKEN_NOT_FOUND among others.
   */
  forToken<Output>(token: TokenReference): TokenResultPromise<Output> {
    return new TokenResultPromise((resolve) => resolve(waitForToken(token) as Promise<TokenResult<Output>>));
  },

  /** Makes a token. Anywhere, not only in runs. Throws WindlassError. */
  createToken(options?: CreateTokenOptions): Promise<CreatedToken> {
    return createToken(options);
  },

  /**
   * Completes a token with data of at most 3 MB; whoever waits for it goes on. A token that is completed or timed out stays as it is: `success` tells
   * whether it is completed, by whomever. Throws WindlassError, TOKEN_NOT_FOUND among others.
   */
  async completeToken(token: TokenReference, data?: unknown): Promise<{ readonly success: boolean }> {
    const response = await completeToken(token, data);
    return { success: response.token !== undefined && tokenSnapshotFromProto(response.token).status === "COMPLETED" };
  },

  /** The token as it is now. Throws WindlassError, TOKEN_NOT_FOUND among others. */
  async retrieveToken<Output>(token: TokenReference): Promise<TokenSnapshot<Output>> {
    return (await retrieveToken(defaultConnection(), tokenIdOf(token))) as TokenSnapshot<Output>;
  },

  /** The environment's tokens, newest first: `await` gives a page, `for await` all of them. `limit` is the size of a page. */
  listTokens(options?: { readonly limit?: number | undefined }): PagePromise<TokenSnapshot> {
    return listTokens(options);
  },
};
