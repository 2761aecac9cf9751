import type { Clock } from "@windlass/chassis";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { EndedSessions } from "./ended-sessions.ts";
import { SESSION_LIFETIME_MS, type Session, type SessionSeal } from "./session-seal.ts";

/** The session of a browser, kept in its cookie. */
export interface SessionCookie {
  read(request: FastifyRequest): Session | undefined;
  /** Begins a session with this key. */
  write(reply: FastifyReply, apiKey: string): void;
  /** Gives a session whose better half is over a new one. */
  renew(reply: FastifyReply, session: Session): void;
  /** Ends the session of the request, here and in the browser; undefined when there is none. */
  end(request: FastifyRequest, reply: FastifyReply): Session | undefined;
}

/**
 * Out of reach of scripts, not sent with what other sites ask for, and only by TLS where that is how the page came: then browsers also take it from
 * nobody but this very host (`__Host-`). The name tells clusters apart, as cookies do not tell ports apart: who is signed in to one on this machine stays so
 * while signing in to another.
 */
export function createSessionCookie(parts: {
  readonly seal: SessionSeal;
  readonly ended: EndedSessions;
  readonly clock: Pick<Clock, "nowMs">;
}): SessionCookie {
  const { seal, ended, clock } = parts;
  const attributes = (request: FastifyRequest) =>
    ({ path: "/", httpOnly: true, sameSite: "lax", secure: request.protocol === "https" }) as const;
  const nameFor = ({ protocol }: FastifyRequest): string =>
    `${protocol === "https" ? "__Host-" : ""}windlass-session-${seal.id}`;
  const read = (request: FastifyRequest): Session | undefined => {
    const sealed = request.cookies[nameFor(request)];
    const session = sealed === undefined ? undefined : seal.open(sealed);
    return session === undefined || ended.isEnded(session) ? undefined : session;
  };
  const write = (reply: FastifyReply, apiKey: string): void => {
    const maxAge = SESSION_LIFETIME_MS / 1_000;
    void reply.setCookie(nameFor(reply.request), seal.seal(apiKey), { ...attributes(reply.request), maxAge });
  };
  return {
    read,
    write,
    renew(reply, session) {
      if (session.expiryMs - clock.nowMs() < SESSION_LIFETIME_MS / 2) write(reply, session.apiKey);
    },
    end(request, reply) {
      const session = read(request);
      if (session !== undefined) ended.end(session);
      void reply.clearCookie(nameFor(request), attributes(request));
      return session;
    },
  };
}
