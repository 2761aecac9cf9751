import { createHash } from "node:crypto";
import type { Clock } from "@windlass/chassis";
import type { Session } from "./session-seal.ts";

/** Sessions that were signed out before they expired, by a hash of their ids. */
export interface EndedSessions {
  end(session: Session): void;
  isEnded(session: Session): boolean;
}

/** Beyond it the oldest is forgotten: its cookie was taken from its browser all the same. */
const MAX_ENDED = 100_000;

/** In memory: after a restart a signed-out cookie that somebody had copied is good until it expires. Revoking its API key ends it for good. */
export function createEndedSessions(clock: Pick<Clock, "nowMs">): EndedSessions {
  const expiryMsByHash = new Map<string, number>();
  const hashOf = ({ id }: Session): string => createHash("sha256").update(id).digest("base64url");
  return {
    end(session) {
      // Oldest first, and all live equally long: what has expired is at the front.
      for (const [hash, expiryMs] of expiryMsByHash) {
        if (expiryMs > clock.nowMs() && expiryMsByHash.size < MAX_ENDED) break;
        expiryMsByHash.delete(hash);
      }
      expiryMsByHash.set(hashOf(session), session.expiryMs);
    },
    isEnded: (session) => expiryMsByHash.has(hashOf(session)),
  };
}
