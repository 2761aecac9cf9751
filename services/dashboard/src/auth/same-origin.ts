import type { FastifyRequest } from "fastify";

/**
 * Whether a request comes from our own page, or from no page at all. Browsers name the page that sends anything but a plain GET in `Origin`, and no page
 * can change that; with SameSite=Lax on the cookie this is what keeps other sites' pages from acting for who is signed in here.
 */
export function isSameOrigin({ headers, host }: Pick<FastifyRequest, "headers" | "host">): boolean {
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
