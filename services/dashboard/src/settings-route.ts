import type { FastifyInstance } from "fastify";
import type { SessionCookie } from "./auth/session-cookie.ts";

/** What the pages need to know of the dashboard's own settings. */
export interface PageSettings {
  /** Where a trace is looked at, with {traceId} in it; "" when nowhere. */
  readonly traceUrl: string;
}

/** GET /settings, for who is signed in. */
export function addSettingsRoute(app: FastifyInstance, cookie: SessionCookie, settings: PageSettings): void {
  app.get("/settings", (request, reply) =>
    cookie.read(request) === undefined
      ? reply.code(401).send({ error: { reason: "API_KEY_INVALID", message: "Sign in first." } })
      : reply.send(settings),
  );
}
