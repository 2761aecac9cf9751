import { dueToken } from "../conversions/due-item.ts";
import { type Feed, tokenKey } from "../feed/feed.ts";
import type { TokenRef } from "../store/token-row.ts";
import type { TokenHints } from "./token-hints.ts";

/** Tells what was committed of tokens, here and to other replicas. A crash before it tells nobody: whoever waits also looks by itself (I9). */
export interface TokenAnnouncer {
  /** A token that times out was made. */
  timed(token: TokenRef, timeoutMs: number): void;
  /** Tokens were completed or timed out. */
  ended(tokens: readonly TokenRef[]): void;
}

export function createTokenAnnouncer(feed: Feed, hints: TokenHints): TokenAnnouncer {
  return {
    timed(token, timeoutMs) {
      feed.due.publish([dueToken(token.environmentId, token.tokenId, timeoutMs)]);
      hints.tell("timed", token);
    },
    ended(tokens) {
      for (const token of tokens) {
        feed.endedTokens.publish(tokenKey(token.environmentId, token.tokenId), undefined);
        hints.tell("ended", token);
      }
    },
  };
}
