import { connectionOfAttempt } from "../client/connection.ts";
import { retrieveToken, tokenIdOf, type TokenReference } from "./tokens.ts";
import type { TokenSnapshot } from "./token-snapshot.ts";
import { duringWait, suspend } from "./attempt-wait.ts";

/** What became of a token that was waited for. */
export type TokenResult<Output = unknown> =
  | { readonly ok: true; readonly id: string; readonly output: Output }
  | { readonly ok: false; readonly id: string; readonly error: WaitpointTimeoutError };

/** Why a token that was waited for has no output: its timeout passed before anybody completed it. */
export class WaitpointTimeoutError extends Error {
  override readonly name: string = "WaitpointTimeoutError";
  readonly tokenId: string;

  constructor(tokenId: string, timeoutAt: Date | undefined) {
    super(`${tokenId} timed out${timeoutAt === undefined ? "" : ` at ${timeoutAt.toISOString()}`}`);
    this.tokenId = tokenId;
  }
}

/** A result to come, which can be unwrapped before it has. */
export class TokenResultPromise<Output> extends Promise<TokenResult<Output>> {
  /** What `then` and `finally` make are ordinary promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** What the token was completed with. Rejects with WaitpointTimeoutError when it timed out. */
  async unwrap(): Promise<Output> {
    const result = await this;
    if (result.ok) return result.output;
    throw result.error;
  }
}

/** Makes the run wait for a token. One that is completed already costs no suspension. */
export async function waitForToken(reference: TokenReference): Promise<TokenResult> {
  const id = tokenIdOf(reference);
  return duringWait("wait.forToken", async (attempt) => {
    const before = await retrieveToken(connectionOfAttempt(), id);
    if (before.status !== "WAITING") return resultOf(before);
    await suspend(attempt, { type: "token", token: id });
    return resultOf(await retrieveToken(connectionOfAttempt(), id));
  });
}

function resultOf({ id, status, output, timeoutAt }: TokenSnapshot): TokenResult {
  if (status === "COMPLETED") return { ok: true, id, output };
  if (status === "TIMED_OUT") return { ok: false, id, error: new WaitpointTimeoutError(id, timeoutAt) };
  throw new Error(`the run was resumed while ${id} is still waiting`);
}
