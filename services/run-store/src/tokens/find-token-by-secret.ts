import type { Queryable } from "@windlass/chassis";
import { tokenNotFound } from "../failures.ts";
import { selectTokenSecret } from "../store/select-token.ts";
import type { TokenRef } from "../store/token-row.ts";
import { environmentOfSecret, isSecret } from "./token-url.ts";

/** Which environment's token this is. Throws TOKEN_NOT_FOUND, for a wrong secret as for a token that is none. */
export async function findTokenBySecret(db: Queryable, tokenId: string, secret: string): Promise<TokenRef> {
  const environmentId = environmentOfSecret(secret);
  if (environmentId === undefined) throw tokenNotFound(tokenId);
  const ref = { environmentId, tokenId };
  const hash = await selectTokenSecret(db, ref);
  if (hash === undefined || !isSecret(secret, hash)) throw tokenNotFound(tokenId);
  return ref;
}
