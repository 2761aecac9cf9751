import type { RunHandle } from "../task/task-types.ts";
import type { TokenSigner } from "./public-token.ts";
import { defaultTokenExpiry } from "./token-expiry.ts";

export type AnyRunHandle = RunHandle<string, unknown, unknown>;

/** A handle that says nothing of its task's types. */
type UntypedRunHandle = Pick<AnyRunHandle, "id" | "taskIdentifier" | "isCached" | "publicAccessToken">;

/** The handle of a run that was triggered over the connection. Its token is made when it is first asked for: most never are. */
export function createRunHandle(
  { signToken }: { readonly signToken: TokenSigner | undefined },
  { id, taskIdentifier, isCached }: Omit<UntypedRunHandle, "publicAccessToken">,
): UntypedRunHandle {
  if (signToken === undefined) return { id, taskIdentifier, isCached };
  let token: string | undefined;
  return {
    id,
    taskIdentifier,
    isCached,
    get publicAccessToken() {
      return (token ??= signToken({ runIds: [id], expireTime: defaultTokenExpiry(Date.now()) }));
    },
  };
}
