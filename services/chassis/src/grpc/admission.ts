import type {
  Metadata,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerInterceptor,
} from "@grpc/grpc-js";
import { asCallFailure, CallFailure, callFailureToServiceError } from "@windlass/proto/grpc";
import { notReady } from "../failures/index.ts";
import { ACTING_FOR_HEADER, type Authenticate, type Principal } from "./principal.ts";
import { withTypedStatus } from "./typed-status.ts";

/** Who called, found again by a call's headers. */
export interface Admission {
  readonly interceptor: ServerInterceptor;
  principalOf(metadata: Metadata): Principal;
}

interface AdmissionOptions {
  readonly authenticate: Authenticate;
  /** While true, calls get NOT_READY. */
  readonly isDraining: () => boolean;
  /** Methods whose callers need no credential and which draining does not close. */
  readonly isOpen: (method: string) => boolean;
  readonly onDefect: (error: unknown, method: string) => void;
}

/**
 * Lets a call through to its handler only once its caller is known, and gives every status its type.
 * It works on headers: of a call that is refused no message is read, so that strangers cannot make the server hold 16 MB each.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const principals = new WeakMap<Metadata, Principal>();

  const admit = async (metadata: Metadata, method: string): Promise<void> => {
    if (options.isOpen(method)) return;
    if (options.isDraining()) throw draining();
    principals.set(metadata, await options.authenticate(bearerToken(metadata), method, actingFor(metadata)));
    if (options.isDraining()) throw draining();
  };

  return {
    principalOf: (metadata) => {
      const principal = principals.get(metadata);
      if (principal === undefined) throw new Error("The call was not admitted.");
      return principal;
    },
    interceptor: ({ path }, call) => {
      const method = path.slice(1);
      return gated(withTypedStatus(call), async (metadata) => {
        try {
          await admit(metadata, method);
        } catch (error) {
          if (!(error instanceof CallFailure)) options.onDefect(error, method);
          throw asCallFailure(error);
        }
      });
    },
  };
}

/** Holds a call's headers back until `admit` resolves; what it throws ends the call. Nothing else can arrive before, since nobody reads. */
function gated(
  call: ServerInterceptingCallInterface,
  admit: (metadata: Metadata) => Promise<void>,
): ServerInterceptingCall {
  const start = call.start.bind(call);
  call.start = (listener) => {
    let isCanceled = false;
    start({
      onReceiveMetadata: (metadata) => {
        admit(metadata).then(
          () => {
            if (!isCanceled) listener.onReceiveMetadata(metadata);
          },
          (error: unknown) => call.sendStatus(callFailureToServiceError(asCallFailure(error))),
        );
      },
      onReceiveMessage: (message) => listener.onReceiveMessage(message),
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => {
        isCanceled = true;
        listener.onCancel();
      },
    });
  };
  // grpc-js asks for its class and uses its interface; the class would add a closure to every message.
  return call as ServerInterceptingCall;
}

function bearerToken(metadata: Metadata): string | undefined {
  const [header] = metadata.get("authorization");
  return typeof header === "string" ? /^Bearer +(\S+)$/i.exec(header)?.[1] : undefined;
}

function actingFor(metadata: Metadata): string | undefined {
  const [header] = metadata.get(ACTING_FOR_HEADER);
  return header?.toString();
}

function draining(): CallFailure {
  return notReady("The service is draining; call again.");
}
