import { status } from "@grpc/grpc-js";
import { EnvironmentService } from "@windlass/proto";
import { asCallFailure, type Client, reasonName } from "@windlass/proto/grpc";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { OpenCalls } from "../bridge/open-calls.ts";
import { withKey } from "../bridge/with-key.ts";
import type { SessionCookie } from "./session-cookie.ts";

/** Tries of one address in a minute; enough for who mistypes, hopeless for who guesses 128 bits. */
export const MAX_SIGN_INS_PER_MINUTE = 10;
const MAX_BODY_BYTES = 4_096;
const CHECK_TIMEOUT_MS = 5_000;

const signInSchema = z.object({
  apiKey: z
    .string()
    .trim()
    .max(512)
    .regex(/^[\x21-\x7e]+$/u), // what a header can carry
});

/** What the routes are made of. */
export interface SessionRouteParts {
  readonly cookie: SessionCookie;
  readonly calls: OpenCalls;
  readonly environments: Client<typeof EnvironmentService>;
}

/** POST /session signs in, GET says whether one is signed in, DELETE signs out. */
export function addSessionRoutes(app: FastifyInstance, { cookie, calls, environments }: SessionRouteParts): void {
  app.post(
    "/session",
    { bodyLimit: MAX_BODY_BYTES, config: { rateLimit: { max: MAX_SIGN_INS_PER_MINUTE, timeWindow: "1 minute" } } },
    async (request, reply) => {
      const parsed = signInSchema.safeParse(request.body);
      if (!parsed.success) return reply.code(400).send(refusal("FIELD_INVALID", "Send an API key."));
      const { apiKey } = parsed.data;
      const failure = await environments.getEnvironment({}, { ...withKey(apiKey), timeoutMs: CHECK_TIMEOUT_MS }).then(
        () => undefined,
        (error: unknown) => asCallFailure(error),
      );
      if (failure === undefined) {
        cookie.write(reply, apiKey);
        return reply.code(204).send();
      }
      const isKeyRefused = failure.code === status.UNAUTHENTICATED || failure.code === status.PERMISSION_DENIED;
      return isKeyRefused
        ? reply.code(401).send(refusal(reasonName(failure.reason), "This is not an API key of this cluster."))
        : reply.code(503).send(refusal(reasonName(failure.reason), "The cluster cannot be reached just now."));
    },
  );

  app.get("/session", (request, reply) => {
    const session = cookie.read(request);
    if (session !== undefined) cookie.renew(reply, session);
    return reply.send({ isSignedIn: session !== undefined });
  });

  app.delete("/session", (request, reply) => {
    const session = cookie.end(request, reply);
    if (session !== undefined) calls.end(session); // also those of a page that is open elsewhere
    return reply.code(204).send();
  });
}

function refusal(reason: string, message: string) {
  return { error: { reason, message } };
}
