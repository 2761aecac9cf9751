export type { HttpRequest, HttpRoute } from "./http-route.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./http-server.ts";
