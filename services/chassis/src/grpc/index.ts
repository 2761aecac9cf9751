export { actingFor } from "./acting-for.ts";
export {
  ACTING_FOR_HEADER,
  apiKeyInvalid,
  type Authenticate,
  internalAuthenticator,
  notPermitted,
  type Principal,
  tokenMatcher,
} from "./principal.ts";
export type { RetryPolicy } from "./retry.ts";
export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from "./server.ts";
export { type ServiceCall, TRACEPARENT_HEADER } from "./service-call.ts";
export { createServiceClient, type ServiceClient, type ServiceClientOptions } from "./service-client.ts";
