import type { Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { connection } from "./connection.ts";
import { isDisconnection, isSignedOut } from "./failure.ts";
import { sessionEnded } from "./session.ts";

/** Tells what calls find: a cluster that cannot be reached, a session that is over. */
const observe: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    noteFailure(error, request.signal);
    throw error;
  }
};

/** Passes on what a failure says about connection and session; one of a call that the page itself ended says nothing. */
export function noteFailure(error: unknown, signal: AbortSignal): void {
  if (signal.aborted) return;
  if (isSignedOut(error)) sessionEnded();
  else if (isDisconnection(error)) connection.lost();
}

/** Connect over the dashboard's own server, in binary. */
export const transport = createConnectTransport({
  baseUrl: "/api",
  useBinaryFormat: true,
  defaultTimeoutMs: 15_000,
  interceptors: [observe],
});
