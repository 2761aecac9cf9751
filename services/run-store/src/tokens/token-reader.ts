import { type Batcher, createBatcher, type Queryable } from "@windlass/chassis";
import type { Token } from "@windlass/proto";
import { tokenToProto } from "../conversions/token-to-proto.ts";
import { type ReadTokenRow, readTokens } from "../store/read-tokens.ts";
import type { TokenRef } from "../store/token-row.ts";

/** How a token stands. "unread": it has ended, but its data did not fit beside others': ask again. */
export type FoundToken =
  | { readonly kind: "missing" }
  | { readonly kind: "pending" }
  | { readonly kind: "unread" }
  | { readonly kind: "ended"; readonly token: Token };

/** Asks for all streams of this process together. */
export type TokenReader = Batcher<TokenRef, FoundToken>;

export function createTokenReader(db: Queryable): TokenReader {
  return createBatcher({
    name: "awaited tokens",
    run: async (refs) => (await readTokens(db, refs)).map(foundToken),
  });
}

function foundToken(row: ReadTokenRow | undefined): FoundToken {
  if (row === undefined) return { kind: "missing" };
  if (row.status === "PENDING") return { kind: "pending" };
  return row.is_cut ? { kind: "unread" } : { kind: "ended", token: tokenToProto(row) };
}
