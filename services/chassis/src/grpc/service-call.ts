import type { CallContext } from "@windlass/proto/grpc";
import type { Principal } from "./principal.ts";

/** What a handler knows of its call. */
export interface ServiceCall extends CallContext {
  readonly principal: Principal;
  /** W3C traceparent of the call's span, for what it does and hands on; the caller's own when none is recorded, "" when nobody traces. */
  readonly traceparent: string;
}

/** The header that carries a W3C traceparent. */
export const TRACEPARENT_HEADER = "traceparent";
