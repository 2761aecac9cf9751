import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { EnvironmentService, ListVariablesRequestSchema } from "@windlass/proto";
import { isMessage } from "@bufbuild/protobuf";
import { type CallOptions, type ClientChannel, createClient } from "@windlass/proto/grpc";
import type { Session } from "../auth/session-seal.ts";
import { toConnectError } from "./connect-error.ts";
import { isBridged, publicServices } from "./public-services.ts";
import { withKey } from "./with-key.ts";

/** A call of the browser that names no deadline gets this one. */
const UNARY_TIMEOUT_MS = 15_000;

const sessionKey = createContextKey<Session | undefined>(undefined);

/** Says for whom a call is made. */
export function callContext(session: Session | undefined): ContextValues {
  return createContextValues().set(sessionKey, session);
}

/** Adds every public service: each call goes on to the run-store with the key of its session, and its answers and failures come back as they are. */
export function addPublicServices(router: ConnectRouter, channel: ClientChannel): void {
  for (const service of publicServices) router.service(service, bridgeService(service, channel));
}

type AnyUnary = (request: Message, options: CallOptions) => Promise<Message>;
type AnyStream = (request: Message, options: CallOptions) => AsyncIterable<Message>;

function bridgeService(service: DescService, channel: ClientChannel): Partial<ServiceImpl<DescService>> {
  const client = createClient(service, channel) as Record<string, unknown>;
  const bridged = service.methods.filter(isBridged).map((method: DescMethod) => {
    const call = client[method.localName];
    const handler = method.methodKind === "unary" ? bridgeUnary(call as AnyUnary) : bridgeStream(call as AnyStream);
    return [method.localName, handler];
  });
  // Each has the shape that its method's kind gives it.
  return Object.fromEntries(bridged) as Partial<ServiceImpl<DescService>>;
}

function bridgeUnary(call: AnyUnary) {
  return async (request: Message, context: HandlerContext): Promise<Message> => {
    const options = { ...credential(context), timeoutMs: context.timeoutMs() ?? UNARY_TIMEOUT_MS };
    checkRequest(request);
    try {
      return await call(request, options);
    } catch (error) {
      throw toConnectError(error);
    }
  };
}

function bridgeStream(call: AnyStream) {
  return async function* (request: Message, context: HandlerContext): AsyncGenerator<Message> {
    try {
      yield* call(request, credential(context));
    } catch (error) {
      throw error instanceof ConnectError ? error : toConnectError(error);
    }
  };
}

/** Ends with the browser's request: whoever leaves the page leaves nothing open behind it. */
function credential(context: HandlerContext): CallOptions {
  const session = context.values.get(sessionKey);
  if (session === undefined) throw new ConnectError("Sign in first.", Code.Unauthenticated);
  return { ...withKey(session.apiKey), signal: context.signal };
}

function checkRequest(request: Message): void {
  if (isMessage(request, ListVariablesRequestSchema) && request.withSecretValues) {
    throw new ConnectError(
      `${EnvironmentService.method.listVariables.name} gives no values of secrets here.`,
      Code.PermissionDenied,
    );
  }
}
