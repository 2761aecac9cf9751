import type { FastifyInstance } from "fastify";
import type { SessionCookie } from "../auth/session-cookie.ts";

/** A page has one or two; beyond it something is wrong with who asks. */
const MAX_OPEN_CALLS = 200;

/** Refuses calls of a session that has too many open (I10). */
export function limitOpenCalls(api: FastifyInstance, cookie: SessionCookie): void {
  const openBySession = new Map<string, number>();
  api.addHook("onRequest", async (request, reply) => {
    const session = cookie.read(request);
    if (session === undefined) return;
    const open = openBySession.get(session.id) ?? 0;
    if (open >= MAX_OPEN_CALLS) {
      await reply.code(429).send({ code: "resource_exhausted", message: "This session has too many calls open." });
      return;
    }
    openBySession.set(session.id, open + 1);
    reply.raw.once("close", () => {
      const left = (openBySession.get(session.id) ?? 1) - 1;
      if (left === 0) openBySession.delete(session.id);
      else openBySession.set(session.id, left);
    });
  });
}
