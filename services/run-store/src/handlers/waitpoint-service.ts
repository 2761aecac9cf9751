import type { ServiceCall } from "@windlass/chassis";
import type { WaitpointService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { type AwaitTokensOptions, awaitTokens } from "../tokens/await-tokens.ts";
import { completeToken } from "../tokens/complete-token.ts";
import { type CreateTokenOptions, createToken } from "../tokens/create-token.ts";
import { getToken, listTokens } from "../tokens/read-token.ts";
import { parseCompleteToken, parseCreateToken, parseGetToken, parseListTokens } from "../validation/token-requests.ts";
import { environmentOf } from "./caller.ts";

/** What the handlers of WaitpointService work with. */
export type WaitpointServiceOptions = CreateTokenOptions & AwaitTokensOptions;

export function createWaitpointService(
  options: WaitpointServiceOptions,
): ServiceImplementation<typeof WaitpointService, ServiceCall> {
  const { db } = options;
  return {
    createToken: (request, call) => createToken(options, environmentOf(call), parseCreateToken(request)),
    completeToken: async (request, call) => {
      const { tokenId, content } = parseCompleteToken(request);
      return { token: await completeToken(options, { environmentId: environmentOf(call), tokenId }, content) };
    },
    getToken: async (request, call) => {
      const { tokenId } = parseGetToken(request);
      return { token: await getToken(db, { environmentId: environmentOf(call), tokenId }) };
    },
    listTokens: (request, call) => listTokens(db, environmentOf(call), parseListTokens(request)),
    async *awaitTokens(requests, call) {
      const answers = awaitTokens(options, environmentOf(call), requests, call.signal);
      for await (const results of answers) yield { results };
    },
  };
}
