import { type Component, createBatcher, type Logger, type Nats, type Queryable } from "@windlass/chassis";
import { dueToken } from "../conversions/due-item.ts";
import { type Feed, tokenKey } from "../feed/feed.ts";
import { selectTokenTimeouts } from "../store/time-out-tokens.ts";
import type { TokenRef } from "../store/token-row.ts";

/** What replicas tell each other of a token: that one which times out was made, or that one has ended. */
export type TokenHint = "timed" | "ended";

/**
 * Hints between replicas, by core NATS. They need no outbox: a lost one costs whoever waits for the token some seconds, and the scheduler a minute, because both
 * also look by themselves (I9).
 */
export interface TokenHints extends Component {
  /** Never waits. */
  tell(hint: TokenHint, token: TokenRef): void;
}

/** For a cluster without NATS. */
export const NO_TOKEN_HINTS: TokenHints = {
  name: "token hints",
  tell: () => undefined,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

/** windlass.v1.<environment>.token.<hint>.<token>; the subject says it all. */
const SUBJECTS = "windlass.v1.*.token.*.*";
const NOTHING = new Uint8Array(0);
/** Tokens whose reading may wait; more hints are dropped, as any may be (I10). */
const MAX_QUEUED = 20_000;

export function createTokenHints(options: {
  readonly nats: Nats;
  readonly db: Queryable;
  readonly feed: Feed;
  readonly logger: Logger;
}): TokenHints {
  const { nats, db, feed, logger } = options;
  let unsubscribe: (() => void) | undefined;

  const readTimeouts = createBatcher<TokenRef, undefined>({
    name: "timeouts of other replicas' tokens",
    concurrency: 1,
    maxQueued: MAX_QUEUED,
    run: async (refs) => {
      const timeouts = await selectTokenTimeouts(db, refs);
      feed.due.publish(
        timeouts.map(({ environmentId, tokenId, dueInMs }) => dueToken(environmentId, tokenId, dueInMs)),
      );
      return refs.map(() => undefined);
    },
  });

  const hear = (subject: string): void => {
    const [, , environmentId = "", , hint, tokenId = ""] = subject.split(".");
    if (hint === "ended") feed.endedTokens.publish(tokenKey(environmentId, tokenId), undefined);
    else if (hint === "timed" && feed.due.subscriberCount > 0) {
      readTimeouts.submit({ environmentId, tokenId }).catch((error: unknown) => {
        logger.debug("a hint of another replica was dropped", { tokenId, error });
      });
    }
  };

  return {
    name: "token hints",
    tell: (hint, token) =>
      void nats.publish(`windlass.v1.${token.environmentId}.token.${hint}.${token.tokenId}`, NOTHING),
    start() {
      unsubscribe = nats.subscribe(SUBJECTS, ({ subject }) => hear(subject));
      return Promise.resolve();
    },
    async stop() {
      unsubscribe?.();
      await readTimeouts.drain();
    },
  };
}
