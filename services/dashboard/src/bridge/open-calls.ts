import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { SessionCookie } from "../auth/session-cookie.ts";
import type { Session } from "../auth/session-seal.ts";

/** The calls that each session has open. */
export interface OpenCalls {
  /** Counts the calls of this scope, and refuses those of a session that has too many open (I10). */
  watch(api: FastifyInstance, cookie: SessionCookie): void;
  /** Cuts off every call of a session. */
  end(session: Session): void;
}

/** A page has one or two; beyond it something is wrong with who asks. */
const MAX_OPEN_CALLS = 200;

export function createOpenCalls(): OpenCalls {
  const openBySession = new Map<string, Set<ServerResponse>>();
  return {
    watch(api, cookie) {
      api.addHook("onRequest", async (request, reply) => {
        const session = cookie.read(request);
        if (session === undefined) return;
        const open = openBySession.get(session.id) ?? new Set();
        if (open.size >= MAX_OPEN_CALLS) {
          await reply.code(429).send({ code: "resource_exhausted", message: "This session has too many calls open." });
          return;
        }
        openBySession.set(session.id, open.add(reply.raw));
        reply.raw.once("close", () => {
          open.delete(reply.raw);
          if (open.size === 0) openBySession.delete(session.id);
        });
      });
    },
    end(session) {
      for (const response of openBySession.get(session.id) ?? []) response.destroy();
    },
  };
}
